import { medianOf } from './pattern/usual.js';

/** Makes the median absolute deviation one of the normal distribution. */
const MAD_TO_DEVIATION = 1.4826;

/** Values beyond it are outliers: so many deviations above the median, by the median absolute deviation (Iglewicz and Hoaglin 1993). */
export function usualLimit(values: readonly number[], deviations: number): number {
  const middle = medianOf(values);
  return middle + deviations * MAD_TO_DEVIATION * medianOf(values.map((value) => Math.abs(value - middle)));
}
