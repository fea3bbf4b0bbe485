-- Decides all charges of one request in one atomic step: first asks every
-- window, then charges all of them, or none.
--
-- KEYS[i]  the window of charge i, a hash (see below); all in one hash slot
-- ARGV     five for each charge: rate, cost, width of a bucket (µs), lifetime
--          (ms), and 1 for a shadow, which never refuses the decision
-- returns  four for each charge: refused (0 or 1), remaining, reset (µs), retry after (µs)
--
-- A window's hash has
--   n       the time of its latest use (µs): time never goes back before it
--   t       the total of all buckets
--   o       the index of the oldest bucket that may hold something
--   0..60   the buckets: the one with index i in field i % 61
-- Buckets that have left the window are subtracted when time enters a new
-- bucket. Each index is visited once, so a window that is busy costs a constant.

local SPAN = 60 -- buckets that fill a window; one more overlaps its start
local WHOLE = '%.0f' -- plain tostring would round times to 14 digits

local clock = redis.call('TIME')
local server_now = clock[1] * 1000000 + clock[2]

local function count(w, index)
  return tonumber(redis.call('HGET', w.key, index % (SPAN + 1)) or 0)
end

local function leaves(w, index)
  return (index + SPAN + 1) * w.width
end

local function save(w)
  redis.call('HSET', w.key, 'n', string.format(WHOLE, w.now),
    't', string.format(WHOLE, w.total), 'o', string.format(WHOLE, w.oldest))
end

-- before: the index at the latest use, beyond which no bucket holds anything
local function sweep(w, before)
  local gone = {}
  while w.total > 0 and w.oldest <= before do
    local held = count(w, w.oldest)
    if held > 0 and w.oldest >= w.index - SPAN then break end
    if held > 0 then
      w.total = w.total - held
      gone[#gone + 1] = w.oldest % (SPAN + 1)
    end
    w.oldest = w.oldest + 1
  end
  -- First what a full server may refuse, then what it never does: a script that fails is not undone.
  save(w)
  if #gone > 0 then redis.call('HDEL', w.key, unpack(gone)) end
end

local function open(i)
  local a = (i - 1) * 5
  local w = {
    key = KEYS[i], rate = tonumber(ARGV[a + 1]), cost = tonumber(ARGV[a + 2]),
    width = tonumber(ARGV[a + 3]), lifetime = ARGV[a + 4],
    shadow = ARGV[a + 5] == '1', total = 0,
  }
  local stored = redis.call('HMGET', w.key, 'n', 't', 'o')
  local last = tonumber(stored[1] or 0)
  w.now = math.max(server_now, last)
  w.index = math.floor(w.now / w.width)
  if stored[1] then
    w.total, w.oldest = tonumber(stored[2]), tonumber(stored[3])
    local before = math.floor(last / w.width)
    if w.index > before then sweep(w, before) end
  end
  w.refused = w.cost > 0 and w.total + w.cost > w.rate
  return w
end

local function charge(w)
  if w.cost == 0 then return end
  if w.total == 0 then w.oldest = w.index end
  w.total = w.total + w.cost
  redis.call('HINCRBY', w.key, w.index % (SPAN + 1), string.format(WHOLE, w.cost))
  save(w)
  redis.call('PEXPIRE', w.key, w.lifetime)
end

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
  windows[i] = open(i)
  if windows[i].refused and not windows[i].shadow then allowed = false end
end

local reply = {}
for _, w in ipairs(windows) do
  if allowed and not w.refused then charge(w) end
  local reset = 0
  if w.total > 0 then reset = leaves(w, w.oldest) - w.now end
  reply[#reply + 1] = w.refused and 1 or 0
  reply[#reply + 1] = math.max(0, w.rate - w.total)
  reply[#reply + 1] = reset
  reply[#reply + 1] = retry_after(w)
end
return reply
