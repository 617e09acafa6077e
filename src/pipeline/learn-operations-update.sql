-- What was learned of operations fades, and the leaving traces are added where their kind is known.
UPDATE sampling_operations SET traces = sampling_operations.traces * $fade::DOUBLE + coalesce((
  SELECT sum(l.weight) FROM leaving_traces l WHERE l.service = sampling_operations.service AND l.operation = sampling_operations.operation
), 0)
