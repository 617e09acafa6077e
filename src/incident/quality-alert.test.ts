import { expect, test } from 'vitest';
import type { IncidentId } from '../lib/ids.js';
import { QUALITY_ALERT, qualityAlertDetail } from './quality-alert.js';
import { sampleAlert } from './sample-incident.js';

test('several spans of one trace are one link', () => {
  const alert = sampleAlert({ incidentId: 'inc-1' as IncidentId, labels: { alertname: QUALITY_ALERT }, annotations: { fix: 'x', traces: 'aa/01 aa/02 bb/03' } });
  expect(qualityAlertDetail(alert)?.traces).toEqual([{ traceId: 'aa', spanId: '01' }, { traceId: 'bb', spanId: '03' }]);
});
