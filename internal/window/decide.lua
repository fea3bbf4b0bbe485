-- Decides all charges of one request in one atomic step: first asks every
-- window, then charges all of them, or none.
--
-- KEYS[i]  the window of charge i; all in one hash slot
-- ARGV     six for each charge: algorithm, rate, cost, width (µs), lifetime
--          (ms), and what to do without room: 0 to refuse, 1 for a shadow, which
--          never refuses the decision, 2 to charge all the same
-- returns  five for each charge: refused (0 or 1), remaining, reset (µs), retry
--          after (µs), and when it was charged (µs; 0 if it was not)

local windows, allowed = {}, true
for i = 1, #KEYS do
  local a = (i - 1) * 6
  local w = {
    key = KEYS[i], by = algorithms[ARGV[a + 1]], rate = tonumber(ARGV[a + 2]), cost = tonumber(ARGV[a + 3]),
    width = tonumber(ARGV[a + 4]), lifetime = ARGV[a + 5],
  }
  w.by.open(w)
  w.refused = w.cost > 0 and w.cost > w.rate - w.total and ARGV[a + 6] ~= '2'
  if w.refused and ARGV[a + 6] ~= '1' then allowed = false end
  windows[i] = w
end

local reply = {}
for _, w in ipairs(windows) do
  local charged = allowed and not w.refused
  if charged and w.cost > 0 then w.by.add(w, w.cost) end
  local wait = 0 -- also for what never fits
  if w.refused and w.cost <= w.rate then wait = w.by.wait(w) end
  reply[#reply + 1] = w.refused and 1 or 0
  reply[#reply + 1] = math.max(0, w.rate - w.total)
  reply[#reply + 1] = w.by.reset(w)
  reply[#reply + 1] = wait
  reply[#reply + 1] = charged and w.now or 0
end
return reply
