import type { GraphSlice, RedSlice, SloSlice } from '../sli/slice.js';
import { mergeGraphSlices, mergeRedSlices, mergeSloSlices } from './merge-slices.js';
import { isImportedSlice, type AdmittedExport } from './span-sink.js';

/** The SLO slices of a group, merged; live and imported apart. */
export function groupSloSlices(group: readonly AdmittedExport[]): { readonly live: SloSlice[]; readonly imported: SloSlice[] } {
  const pick = (imported: boolean): SloSlice[] =>
    mergeSloSlices(group.map((admitted) => admitted.sloSlices.filter((slice) => isImportedSlice(slice, admitted.protocol) === imported)));
  return { live: pick(false), imported: pick(true) };
}

export function groupRedSlices(group: readonly AdmittedExport[]): RedSlice[] {
  return mergeRedSlices(group.map((admitted) => admitted.redSlices));
}

export function groupGraphSlices(group: readonly AdmittedExport[]): GraphSlice[] {
  return mergeGraphSlices(group.map((admitted) => admitted.graphSlices ?? []));
}
