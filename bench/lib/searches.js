// What people look for in the population of population.js, and over how many hours; then what costs most.
export const ALL = Infinity;
/** Query, hours, and what kind of search it is. */
export const SEARCHES = [
  ['{}', 1, 'typical'], ['{ status = error }', 1, 'typical'], ['{ status = error }', ALL, 'typical'],
  ['{ resource.service.name = "checkout" && status = error }', 24, 'typical'], ['{ resource.service.name = "checkout" && status = error }', ALL, 'typical'],
  ['{ name = "GET /search" && duration > 500ms }', ALL, 'typical'], ['{ span.http.route = "/checkout" && span.http.response.status_code >= 500 }', ALL, 'rare'], ['{ span.http.response.status_code >= 500 }', 24, 'rare'], ['{ duration > 20s }', ALL, 'typical'],
  ['{ span.user.id = "u378" }', ALL, 'rare'], ['{ span.user.id = "u29990" }', ALL, 'rare'], ['{ span.url.path = "/nowhere" }', ALL, 'rare'], ['{ rootServiceName = "gateway" && status = error }', 24, 'typical'],
  ['{ resource.service.name = "checkout" } >> { status = error }', 24, 'structural'],
];
/** What heatmap and facets are asked of; an empty query is that of the search page, which draws every request that was counted. */
export const SURVEYS = [['{ kind = server || kind = consumer }', 1], ['{ status = error }', 1], ['{ kind = server || kind = consumer }', 6], ['{ resource.service.name = "checkout" }', 24]];
export const METRICS = [['{ resource.service.name = "gateway" && kind = server } | histogram_over_time(duration)', 1], ['{ kind = server } | rate() by (resource.service.name)', 1], ['{ status = error } | rate() by (resource.service.name)', 24]];
export const TAGS = [['{ resource.service.name = "gateway" }', 'http.response.status_code', 1]];

export function percentile(times, share) {
  const sorted = [...times].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
