import type { DocumentPath } from '../lib/yaml-document.js';
import type { EmailConfig } from './receiver-configs.js';
import type { ReceiverSource } from './receiver-source.js';
import type { EmailConfigDocument, GlobalDocument } from './routing-schema.js';

const SMTPS_PORT = 465;

export function readEmailConfig(config: EmailConfigDocument, path: DocumentPath, { source, global }: { readonly source: ReceiverSource; readonly global: GlobalDocument }): EmailConfig[] {
  const to = required(config.to, 'to', path);
  const from = required(config.from ?? global?.smtp_from, 'from', path);
  const smarthost = readSmarthost(config.smarthost ?? global?.smtp_smarthost, path);
  const username = config.auth_username ?? global?.smtp_auth_username;
  const { auth_password: inline, auth_password_file: file } = config;
  const passwordFile = username === undefined && inline === undefined ? undefined : source.secretFile({ key: 'auth_password', inline, file, inherited: global?.smtp_auth_password_file }, path);
  if (to === undefined || from === undefined || smarthost === undefined) return [];
  return [{
    to: to.split(',').map((address) => address.trim()), from, ...smarthost, hello: config.hello ?? global?.smtp_hello ?? 'localhost',
    auth: username === undefined || passwordFile === undefined ? undefined : { username, passwordFile },
    requireTls: config.require_tls ?? global?.smtp_require_tls ?? true, sendResolved: config.send_resolved ?? false,
  }];

  function required(text: string | undefined, key: string, at: DocumentPath): string | undefined {
    source.noTemplate(text, [...at, key]);
    if (text !== undefined && text !== '') return text;
    source.refuse(at, 'routing/missing-key', { message: `an email config needs "${key}"`, hint: key === 'to' ? 'to: on-call@example.com' : 'write it here, or smtp_from under global' });
    return undefined;
  }

  function readSmarthost(text: string | undefined, at: DocumentPath): Pick<EmailConfig, 'host' | 'port' | 'implicitTls'> | undefined {
    const [, host = '', digits = ''] = /^(.+):(\d{1,5})$/.exec(text ?? '') ?? [];
    const port = Number(digits);
    if (host !== '' && port > 0 && port < 65_536) return { host: host.replace(/^\[(.*)\]$/, '$1'), port, implicitTls: port === SMTPS_PORT };
    if (text === undefined) source.refuse(at, 'routing/missing-key', { message: 'an email config needs "smarthost"', hint: 'write it here, or smtp_smarthost under global: smtp.example.com:587' });
    else source.refuse([...at, 'smarthost'], 'routing/invalid-value', { message: 'a smarthost is host:port', hint: 'smtp.example.com:587' });
    return undefined;
  }
}
