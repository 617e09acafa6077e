import { describe, expect, test } from 'vitest';
import { sampleAlert, sampleIncident } from '../incident/sample-incident.js';
import { alertIdOf } from '../incident/condition-signal.js';
import type { Alert, Labels } from '../incident/incident.js';
import { Inhibitor } from './inhibition.js';
import { routingOf } from './sample-routing.js';

const incidentId = sampleIncident().id;
const alert = (labels: Labels, status: Alert['status'] = 'firing'): Alert => sampleAlert({ incidentId, id: alertIdOf(labels), labels, status });
const rules = (text: string): ReturnType<typeof routingOf>['inhibitRules'] => routingOf(`route: { receiver: a }\nreceivers: [{ name: a }]\ninhibit_rules: ${text}\n`).inhibitRules;

/** Cases of Alertmanager's inhibit_test.go (TestInhibitRuleHasEqual, TestInhibitRuleMatches, TestInhibitRuleMatchers). */
const S1T1 = '[{ source_matchers: [s1="1"], target_matchers: [t1="1"], equal: [e] }, { source_matchers: [s2="1"], target_matchers: [t2="1"], equal: [e] }]';

describe('a target is inhibited', () => {
  test.each<[string, Labels, boolean]>([
    ['by the first rule', { t1: '1', e: '1' }, true],
    ['by the second rule', { t2: '1', e: '1' }, true],
    ['by either, where both could', { t1: '1', t2: '1', e: '1' }, true],
    ['not as a source only', { s1: '1', e: '1' }, false],
    ['not without being a target', { e: '1' }, false],
    ['not where equal differs', { t1: '1', e: '0' }, false],
    ['not where equal is missing on one side', { t1: '1' }, false],
    ['by another source, although it is one itself', { s1: '1', t1: '1', e: '1' }, true],
  ])('%s', (_, labels, inhibited) => {
    const inhibitor = new Inhibitor(rules(S1T1), [alert({ s1: '1', e: '1' }), alert({ s2: '1', e: '1' })]);
    expect(inhibitor.inhibitionOf(labels) !== undefined).toBe(inhibited);
  });

  test('not by a source that has ended', () => {
    expect(new Inhibitor(rules(S1T1), [alert({ s1: '1', e: '1' }, 'resolved')]).inhibitionOf({ t1: '1', e: '1' })).toBeUndefined();
  });

  test('where a missing label and an empty one are the same', () => {
    expect(new Inhibitor(rules(S1T1), [alert({ s1: '1' })]).inhibitionOf({ t1: '1', e: '' })).toBeDefined();
  });

  test('not by one that matches both sides, where it does so itself', () => {
    const both = { s1: '1', t1: '1', e: '1' };
    expect(new Inhibitor(rules(S1T1), [alert(both), alert({ ...both, x: '2' })]).inhibitionOf(both)).toBeUndefined();
  });

  test('and it is said by whom and by which rule', () => {
    const source = alert({ alertname: 'ZoneDown', s1: '1', e: '1' });
    expect(new Inhibitor(rules(S1T1), [source]).inhibitionOf({ t1: '1', e: '1' })).toEqual({ rule: 'inhibit_rules[0]', source });
    expect(new Inhibitor(rules('[{ name: zones, source_match: { s1: "1" }, target_match_re: { t1: ".+" } }]'), [source]).inhibitionOf({ t1: '1' })).toEqual({ rule: 'zones', source });
  });
});
