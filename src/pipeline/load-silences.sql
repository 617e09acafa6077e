-- All silences that are kept, those that are over included.
SELECT document FROM silences ORDER BY silence_id
