import type { DocumentPath } from '../lib/yaml-document.js';
import type { Authorization } from './receiver-configs.js';
import { RoutingSource } from './routing-reader.js';
import type { HttpConfigDocument } from './routing-schema.js';

/** Reads what several kinds of receivers share: addresses, secrets, and what is wrong with them, each with its place. */
export class ReceiverSource extends RoutingSource {
  url(text: string, path: DocumentPath): URL | undefined {
    let url: URL;
    try {
      url = new URL(text);
    } catch {
      this.refuse(path, 'routing/invalid-value', { message: 'this is not a URL', hint: 'write it in full, like https://alerts.example.com/hook' });
      return undefined;
    }
    if (url.protocol !== 'http:' && url.protocol !== 'https:') this.refuse(path, 'routing/invalid-value', { message: `"${url.protocol}" is not http or https` });
    else if (url.username !== '' || url.password !== '') this.refuse(path, 'routing/inline-secret', { message: 'the URL holds a user name or password', hint: 'use http_config.authorization.credentials_file, or url_file' });
    else return url;
    return undefined;
  }

  authorization(config: HttpConfigDocument | undefined, path: DocumentPath): Authorization | undefined {
    const authorization = config?.authorization;
    if (authorization === undefined) return undefined;
    const at = [...path, 'authorization'];
    const credentialsFile = this.secretFile({ key: 'credentials', inline: authorization.credentials, file: authorization.credentials_file }, at);
    if (credentialsFile === undefined) return undefined;
    if (authorization.type?.toLowerCase() !== 'basic') return { type: authorization.type ?? 'Bearer', credentialsFile };
    this.refuse([...at, 'type'], 'routing/invalid-value', { message: 'Alertmanager does not allow the type "Basic" here', hint: 'the usual type is Bearer' });
    return undefined;
  }

  /** Secrets are in files; undefined after the problem was noted. `inherited`: a file that `global` names. */
  secretFile(secret: { readonly key: string; readonly inline: string | undefined; readonly file: string | undefined; readonly inherited?: string | undefined }, path: DocumentPath): string | undefined {
    const { key, inline, file = secret.inherited } = secret;
    if (inline !== undefined) this.refuse([...path, key], 'routing/inline-secret', { message: 'a secret must not be written into rules', hint: `put it into a file and write ${key}_file` });
    else if (file === undefined || file === '') this.refuse(path, 'routing/missing-key', { message: `"${key}_file" is missing`, hint: `name the file that holds the ${key.replaceAll('_', ' ')}` });
    else return file;
    return undefined;
  }

  noTemplate(text: string | undefined, path: DocumentPath): void {
    if (text?.includes('{{') === true) this.refuse(path, 'routing/not-supported-yet', { message: 'templates are not supported yet', hint: 'write it as it is meant, and use routes to choose between receivers' });
  }
}
