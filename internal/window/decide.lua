-- Decides all charges of one request in one atomic step: first asks every
-- window, then charges all of them, or none.
--
-- KEYS[i]  the window of charge i; all in one hash slot
-- ARGV     five for each charge: rate, cost, width of a bucket (µs), lifetime
--          (ms), and 1 for a shadow, which never refuses the decision
-- returns  five for each charge: refused (0 or 1), remaining, reset (µs), retry
--          after (µs), and when it was charged (µs; 0 if it was not)

-- When the cost would fit if nothing else came; 0 also where it never will.
local function retry_after(w)
  if not w.refused then return 0 end
  if w.cost > w.rate then return 0 end
  local excess, index = w.total + w.cost - w.rate, w.oldest
  while index <= w.index do
    excess = excess - count(w, index)
    if excess <= 0 then return leaves(w, index) - w.now end
    index = index + 1
  end
  return 0
end

local windows, allowed = {}, true
for i = 1, #KEYS do
  local a = (i - 1) * 5
  local w = {
    key = KEYS[i], rate = tonumber(ARGV[a + 1]), cost = tonumber(ARGV[a + 2]),
    width = tonumber(ARGV[a + 3]), lifetime = ARGV[a + 4],
  }
  open(w)
  w.refused = w.cost > 0 and w.total + w.cost > w.rate
  if w.refused and ARGV[a + 5] ~= '1' then allowed = false end
  windows[i] = w
end

local reply = {}
for _, w in ipairs(windows) do
  local charged = allowed and not w.refused
  if charged and w.cost > 0 then add(w, w.index, w.cost) end
  local reset = 0
  if w.total > 0 then reset = leaves(w, w.oldest) - w.now end
  reply[#reply + 1] = w.refused and 1 or 0
  reply[#reply + 1] = math.max(0, w.rate - w.total)
  reply[#reply + 1] = reset
  reply[#reply + 1] = retry_after(w)
  reply[#reply + 1] = charged and w.now or 0
end
return reply
