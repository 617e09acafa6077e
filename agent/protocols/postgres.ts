import { Conversation } from './conversation.js';
import { Intake, MORE, WRONG, type Units } from './intake.js';
import { MAX_STATEMENT_BYTES, MAX_STATEMENTS } from './limits.js';
import { areMessages, boundValues, errorFields, HEADER, isMessage, isStartup, STARTUP_CODE, startupParameters, textAt } from './postgres-messages.js';
import { CommandTags, type CommandTag } from './postgres-tags.js';
import type { ExchangeSink, Protocol, StreamStart } from './protocol.js';
import { Remembered } from './remembered.js';
import { SharedTexts } from './shared-texts.js';
import type { SqlExchange } from './sql-exchange.js';
import { Turns, type Looks } from './turns.js';

export interface SqlWishes {
  /** Bytes of a statement to keep. */
  readonly statementBytes: number;
  readonly parameters: boolean;
}

const MAX_NAME = 256;
const MAX_VALUES = 4_096;
const MAX_ERROR = 1_024;
const MAX_TAG = 64;
const READY_LENGTH = 6;

const looks: Looks = {
  isRequest: (bytes) => isStartup(bytes) || areMessages('frontend', bytes),
  isResponse: (bytes) => areMessages('backend', bytes),
  isEnd: (bytes) => {
    const at = bytes.length - READY_LENGTH;
    return at >= 0 && bytes[at] === 0x5a && bytes.readUInt32BE(at + 1) === 5 && [0x49, 0x54, 0x45].includes(bytes[at + 5]!);
  },
};

/** PostgreSQL's protocol 3: simple and extended queries, prepared statements, errors, COPY. */
export function postgres(wishes: SqlWishes): Protocol {
  const tags = new CommandTags();
  /** Pools prepare the same statements on every connection. */
  const shared = new SharedTexts();
  return {
    name: 'postgresql',
    nominate: (side, bytes) => (side === 'request' ? looks.isRequest(bytes) : looks.isResponse(bytes)),
    open: (sink, start) => new PostgresParser(sink, { wishes, shared, tags, start }),
  };
}

interface Statement {
  readonly text: string;
  readonly isCut: boolean;
}

/** What was sent since the last Execute or Sync. */
interface Step {
  readonly startNs: number;
  readonly offset: number;
  parsed: Statement | undefined;
}

interface Portal {
  readonly statement: Statement;
  readonly parameters: readonly string[];
}

const UNKNOWN: Statement = { text: '', isCut: false };
/** It was known, and there was no room to keep it. */
const FORGOTTEN: Statement = { text: '', isCut: false };

/** What the server owes, in order. A query, a startup and a prepare end with ReadyForQuery, as a sync does; an execute and what is prepared with a Flush end with their own outcome. */
type Due = 'query' | 'startup' | 'prepare' | 'prepare-flushed' | 'execute' | 'sync';

interface ParserOptions {
  readonly wishes: SqlWishes;
  readonly shared: SharedTexts;
  readonly tags: CommandTags;
  readonly start: StreamStart;
}

class PostgresParser extends Conversation<SqlExchange> {
  readonly #wishes: SqlWishes;
  readonly #shared: SharedTexts;
  readonly #commandTags: CommandTags;
  protected readonly request: Intake;
  protected readonly response: Intake;
  readonly #statements = new Remembered<Statement>({ entries: MAX_STATEMENTS, bytes: MAX_STATEMENT_BYTES, bytesOf: ({ text }) => text.length });
  readonly #portals = new Remembered<Portal>({ entries: MAX_STATEMENTS, bytes: MAX_STATEMENT_BYTES, bytesOf: ({ statement, parameters }) => parameters.reduce((sum, { length }) => sum + length, statement.text.length) });
  readonly #due: Due[] = [];
  #step: Step | undefined;
  #executesInCycle = 0;
  #database: string | undefined;
  #user: string | undefined;
  /** The answer to SSLRequest and GSSENCRequest is one byte without a header. */
  #isNegotiating = false;
  #isCopyingIn = false;
  #hasAnswered = false;
  #tags = 0;

  constructor(sink: ExchangeSink, { wishes, shared, tags, start }: ParserOptions) {
    super(new Turns(sink, looks, start));
    this.#wishes = wishes;
    this.#shared = shared;
    this.#commandTags = tags;
    this.request = new Intake(this.#requestUnits());
    this.response = new Intake(this.#responseUnits());
  }

  protected override beforeClose(): void {
    // A FATAL error ends the connection instead of the query.
    if (this.turns.first?.errorCode !== undefined) this.turns.end(this.turns.lastNs);
  }

  #requestUnits(): Units {
    return {
      unit: (bytes, from, atNs) => this.#frontend(bytes, from, { atNs, isCut: false }),
      cut: (bytes, from, atNs) => {
        if (bytes.length - from < HEADER || bytes[from] === 0) return WRONG;
        this.#frontend(bytes, from, { atNs, isCut: true });
        return 1 + bytes.readUInt32BE(from + 1) - (bytes.length - from);
      },
      passed: () => undefined,
      passedAll: () => undefined,
      lost: (why, atNs) => {
        this.#step = undefined;
        // Those without a name are replaced all the time, perhaps by what went by unseen.
        this.#statements.delete('');
        this.#portals.delete('');
        if (!this.#isCopyingIn) this.#due.length = 0;
        this.turns.loseRequests(why, { atNs, keepsPending: this.#isCopyingIn });
      },
    };
  }

  #responseUnits(): Units {
    return {
      unit: (bytes, from) => this.#backend(bytes, from, false),
      cut: (bytes, from) => {
        if (bytes.length - from < HEADER) return WRONG;
        this.#backend(bytes, from, true);
        return 1 + bytes.readUInt32BE(from + 1) - (bytes.length - from);
      },
      passed: () => undefined,
      passedAll: () => undefined,
      lost: (why, atNs) => {
        this.turns.loseResponses(why, { atNs, hasBegun: this.#hasAnswered });
        this.#due.length = 0;
        this.#hasAnswered = false;
        this.#isCopyingIn = false;
        this.#isNegotiating = false;
      },
    };
  }

  #frontend(bytes: Buffer, from: number, { atNs, isCut }: { readonly atNs: number; readonly isCut: boolean }): number {
    if (bytes[from] === 0) return this.#startup(bytes, from, atNs);
    const have = bytes.length - from;
    if (have < HEADER) return MORE;
    const type = String.fromCharCode(bytes[from]!);
    const length = bytes.readUInt32BE(from + 1);
    if (!isMessage('frontend', bytes[from]!, length)) return WRONG;
    const wanted = Math.min(1 + length, HEADER + this.#wanted(type));
    if (have < wanted && !isCut) return MORE;
    const end = from + Math.min(have, wanted);
    this.#message(type, bytes, { from: from + HEADER, end, atNs });
    if (!isCut) this.request.skip(1 + length - wanted);
    return wanted;
  }

  #wanted(type: string): number {
    switch (type) {
      case 'Q': return this.#wishes.statementBytes;
      case 'P': return MAX_NAME + this.#wishes.statementBytes;
      case 'B': return 2 * MAX_NAME + (this.#wishes.parameters ? MAX_VALUES : 0);
      case 'E': case 'C': return MAX_NAME;
      default: return 0;
    }
  }

  #message(type: string, bytes: Buffer, { from, end, atNs }: { readonly from: number; readonly end: number; readonly atNs: number }): void {
    switch (type) {
      case 'Q': {
        const { text, isWhole } = textAt(bytes, from, end);
        this.#begin('query', { text, isCut: !isWhole }, { startNs: atNs, offset: this.request.offset });
        break;
      }
      case 'F': this.#begin('query', UNKNOWN, { startNs: atNs, offset: this.request.offset }); break;
      case 'P': this.#stepAt(atNs).parsed = this.#parse(bytes, from, end); break;
      case 'B': this.#stepAt(atNs); this.#bind(bytes, from, end); break;
      case 'D': this.#stepAt(atNs); break;
      case 'E': this.#execute(textAt(bytes, from, end), atNs); break;
      case 'C': (bytes[from] === 0x53 ? this.#statements : this.#portals).delete(textAt(bytes, from + 1, end).text); break;
      // The answer is waited for: what follows begins later, however much later that is.
      case 'H': this.#prepare('prepare-flushed'); break;
      case 'S': this.#sync(); break;
      default: break;
    }
  }

  #startup(bytes: Buffer, from: number, atNs: number): number {
    const have = bytes.length - from;
    if (have < 8) return isStartup(bytes.subarray(from)) ? MORE : WRONG;
    if (!isStartup(bytes.subarray(from))) return WRONG;
    const length = bytes.readUInt32BE(from);
    if (have < length) return MORE;
    const code = bytes.readUInt32BE(from + 4);
    if (code === STARTUP_CODE.ssl || code === STARTUP_CODE.gss) {
      this.#isNegotiating = true;
    } else if (code !== STARTUP_CODE.cancel) {
      this.#isNegotiating = false;
      const parameters = startupParameters(bytes, from + 8, from + length);
      this.#user = parameters.get('user');
      this.#database = parameters.get('database') ?? this.#user;
      this.#begin('startup', UNKNOWN, { startNs: atNs, offset: this.request.offset });
    }
    return length;
  }

  #begin(due: Due, statement: Statement, { startNs, offset, parameters = [] }: { readonly startNs: number; readonly offset: number; readonly parameters?: readonly string[] }): void {
    const exchange: SqlExchange = {
      protocol: 'postgresql', startNs, endNs: startNs, requestOffset: offset, isCut: false,
      statement: statement.text, isStatementCut: statement.isCut, isForgotten: statement === FORGOTTEN, database: this.#database, user: this.#user, parameters,
      command: due === 'startup' ? 'CONNECT' : due === 'prepare' || due === 'prepare-flushed' ? 'PREPARE' : undefined, rows: undefined, errorCode: undefined, errorMessage: undefined,
    };
    // What was owed before a hole in the answers is not owed any more; what was sent behind it, in one pipeline with this, is.
    if (this.turns.owesNothingSinceHole) this.#due.length = 0;
    this.#due.push(due);
    this.begin(exchange);
  }

  #stepAt(atNs: number): Step {
    this.#step ??= { startNs: atNs, offset: this.request.offset, parsed: undefined };
    return this.#step;
  }

  #parse(bytes: Buffer, from: number, end: number): Statement | undefined {
    const name = textAt(bytes, from, end);
    // Which one is replaced is not known: it may be the one without a name.
    if (!name.isWhole) {
      this.#statements.delete('');
      return undefined;
    }
    const query = textAt(bytes, name.next, Math.min(end, name.next + this.#wishes.statementBytes));
    // One without a name is soon replaced, and often has its values in it.
    const statement = { text: name.text === '' ? query.text : this.#shared.of(query.text), isCut: !query.isWhole };
    this.#statements.set(name.text, statement);
    return statement;
  }

  #bind(bytes: Buffer, from: number, end: number): void {
    const portal = textAt(bytes, from, end);
    if (!portal.isWhole) {
      this.#portals.delete('');
      return;
    }
    const name = textAt(bytes, portal.next, end);
    const parameters = this.#wishes.parameters && name.isWhole ? boundValues(bytes, name.next, end) : [];
    this.#portals.set(portal.text, { statement: name.isWhole ? this.#statements.get(name.text) ?? missing(this.#statements) : UNKNOWN, parameters });
  }

  #execute(portal: ReturnType<typeof textAt>, atNs: number): void {
    const { startNs, offset } = this.#stepAt(atNs);
    const bound = portal.isWhole ? this.#portals.get(portal.text) : undefined;
    const { statement, parameters } = bound ?? { statement: portal.isWhole ? missing(this.#portals) : UNKNOWN, parameters: [] };
    this.#step = undefined;
    this.#executesInCycle += 1;
    this.#begin('execute', statement, { startNs, offset, parameters });
  }

  /** Preparing is not worth a span unless it fails, and whether it does comes later. */
  #prepare(due: 'prepare' | 'prepare-flushed'): void {
    const step = this.#step;
    if (this.#executesInCycle > 0 || step?.parsed === undefined) return;
    this.#step = undefined;
    this.#begin(due, step.parsed, { startNs: step.startNs, offset: step.offset });
  }

  #sync(): void {
    this.#prepare('prepare');
    this.#step = undefined;
    this.#executesInCycle = 0;
    if (!this.turns.isResponseAdrift || this.turns.waiting > 0) this.#due.push('sync');
  }

  #backend(bytes: Buffer, from: number, isCut: boolean): number {
    if (this.#isNegotiating) return this.#negotiated(bytes[from]);
    const have = bytes.length - from;
    if (have < HEADER) return MORE;
    const type = String.fromCharCode(bytes[from]!);
    const length = bytes.readUInt32BE(from + 1);
    if (!isMessage('backend', bytes[from]!, length)) return WRONG;
    const wanted = Math.min(1 + length, HEADER + (type === 'E' ? MAX_ERROR : type === 'C' ? MAX_TAG : type === 'Z' ? 1 : 0));
    if (have < wanted && !isCut) return MORE;
    this.#answer(type, bytes, { from: from + HEADER, end: from + Math.min(have, wanted) });
    if (!isCut) this.response.skip(1 + length - wanted);
    return wanted;
  }

  #negotiated(answer: number | undefined): number {
    this.#isNegotiating = false;
    if (answer === 0x4e) return 1;
    if (answer !== 0x53 && answer !== 0x47) return WRONG;
    this.giveUp(this.response.nowNs);
    return 1;
  }

  #answer(type: string, bytes: Buffer, { from, end }: { readonly from: number; readonly end: number }): void {
    const exchange = this.#answered;
    if (exchange !== undefined && !'NSA'.includes(type)) {
      this.#hasAnswered = true;
      exchange.endNs = this.response.nowNs;
    }
    switch (type) {
      case '1': if (this.#due[0] === 'prepare-flushed') this.#dropFirst(); break;
      case 'C': this.#complete(this.#commandTags.of(bytes, from, end)); break;
      case 'I': case 's': if (this.#due[0] === 'execute') this.#endFirst(); break;
      case 'E': this.#fail(errorFields(bytes, from, end)); break;
      case 'Z': this.#ready(); break;
      case 'G': this.#isCopyingIn = true; break;
      // Replication: both sides talk as they like from here on.
      case 'W': this.giveUp(this.response.nowNs); break;
      default: break;
    }
  }

  /** Whom the server's words are about; nobody where only the end of a cycle is due. */
  get #answered(): SqlExchange | undefined {
    return this.#due[0] === 'sync' ? undefined : this.turns.first;
  }

  #complete({ command, rows }: CommandTag): void {
    const exchange = this.turns.first;
    this.#isCopyingIn = false;
    if (exchange === undefined || (this.#due[0] !== 'query' && this.#due[0] !== 'execute')) return;
    this.#tags += 1;
    exchange.command ??= command;
    exchange.rows = this.#tags === 1 ? rows : undefined;
    if (this.#due[0] === 'execute') this.#endFirst();
  }

  #fail({ code, message }: ReturnType<typeof errorFields>): void {
    const exchange = this.#answered;
    this.#isCopyingIn = false;
    if (exchange === undefined) return;
    exchange.errorCode ??= code ?? '';
    exchange.errorMessage ??= message;
    if (this.#due[0] !== undefined && this.#due[0] !== 'query') this.#endFirst();
  }

  /** ReadyForQuery: everything up to the next sync, or the query, is over. What was skipped because of an error never ran. */
  #ready(): void {
    for (;;) {
      const due = this.#due[0];
      if (due === undefined) return;
      if (due === 'sync') {
        this.#due.shift();
        return;
      }
      if (due === 'query') {
        this.#endFirst();
        return;
      }
      this.#dropFirst();
      if (due === 'startup') return;
    }
  }

  #dropFirst(): void {
    this.#due.shift();
    this.turns.drop('no-reply', this.response.nowNs);
    this.#forgetAnswer();
  }

  #endFirst(): void {
    this.#due.shift();
    this.turns.end(this.response.nowNs);
    this.#forgetAnswer();
  }

  #forgetAnswer(): void {
    this.#hasAnswered = false;
    this.#tags = 0;
  }
}

/** A name that is not known. */
function missing({ hasForgotten }: Pick<Remembered<unknown>, 'hasForgotten'>): Statement {
  return hasForgotten ? FORGOTTEN : UNKNOWN;
}
