-- Corrects charges to what they have cost in truth, each in its own bucket.
--
-- KEYS[i]  the window of charge i; all in one hash slot
-- ARGV     four for each charge: when it was made (µs), by how many units it is
--          corrected, width of a bucket (µs), lifetime (ms)
-- returns  nothing

local function settle(w, index, units)
  if index > w.index or index < w.index - SPAN then return end
  if units < 0 then units = math.max(units, -count(w, index)) end
  if units == 0 then return end
  add(w, index, units)
  while w.total > 0 and count(w, w.oldest) == 0 do w.oldest = w.oldest + 1 end
  save(w)
end

for i = 1, #KEYS do
  local a = (i - 1) * 4
  local at, units = tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2])
  local w = { key = KEYS[i], width = tonumber(ARGV[a + 3]), lifetime = ARGV[a + 4] }
  open(w)
  settle(w, math.floor(at / w.width), units)
end
return {}
