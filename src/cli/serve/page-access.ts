import type { Authorizer } from '../../access/authorize.js';
import type { ReceiverOptions } from '../../ingest/receiver.js';
import type { UiOptions } from '../../ui/ui-options.js';

/** The one authorizer as pages ask it: by the token of the header or the login cookie. */
export function pageAccess(authorizer: Authorizer, tokensRequired: boolean): UiOptions['access'] {
  return {
    tokensRequired,
    authorize: (token, role) => {
      const decision = authorizer(token === undefined ? undefined : `Bearer ${token}`, role);
      if (decision.kind === 'allowed') return { allowed: true, actor: decision.who.name };
      return { allowed: false, reason: decision.reason === 'insufficient' ? 'role' : decision.reason };
    },
  };
}

/** The one authorizer as the receivers ask it: senders need the role ingest. */
export function ingestAccess(authorizer: Authorizer): NonNullable<ReceiverOptions['authorize']> {
  return (header) => {
    const decision = authorizer(header, 'ingest');
    if (decision.kind === 'allowed') return { kind: 'allowed', who: decision.who.name };
    return { kind: 'denied', status: decision.reason === 'insufficient' ? 'forbidden' : 'unauthenticated', message: decision.message };
  };
}
