-- What was learned of durations fades, and the leaving traces are added where their kind is known.
UPDATE sampling_durations SET traces = sampling_durations.traces * $fade::DOUBLE + coalesce((
  SELECT sum(l.weight) FROM leaving_traces l WHERE l.service = sampling_durations.service AND l.operation = sampling_durations.operation AND l.bucket = sampling_durations.bucket
), 0)
