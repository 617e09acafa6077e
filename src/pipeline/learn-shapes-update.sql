-- What was learned of shapes fades, and the leaving traces are added where their kind is known.
UPDATE sampling_shapes SET traces = sampling_shapes.traces * $fade::DOUBLE + coalesce((
  SELECT sum(l.weight) FROM leaving_traces l WHERE l.service = sampling_shapes.service AND l.operation = sampling_shapes.operation AND l.shape = sampling_shapes.shape
), 0)
