-- Corrects charges to what they have cost in truth, each where it was made.
--
-- KEYS[i]  the window of charge i; all in one hash slot
-- ARGV     five for each charge: algorithm, when it was made (µs), by how much it
--          is corrected, width (µs), lifetime (ms)
-- returns  nothing

for i = 1, #KEYS do
  local a = (i - 1) * 5
  local w = { key = KEYS[i], width = tonumber(ARGV[a + 4]), lifetime = ARGV[a + 5] }
  local by = algorithms[ARGV[a + 1]]
  by.open(w)
  by.settle(w, tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3]))
end
return {}
