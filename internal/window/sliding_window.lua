-- A sliding window of buckets. Its hash has
--
--   n       the time of its latest use (µs): time never goes back before it
--   t       the total of all buckets
--   o       the index of the oldest bucket that holds something, if one does
--   0..60   the buckets: the one with index i in field i % 61
--
-- Buckets that have left the window are subtracted when time enters a new
-- bucket. Each index is visited once, so a window that is busy costs a constant.

local SPAN = 60 -- buckets that fill a window; one more overlaps its start

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

local function put(w, index, units)
  units = math.min(units, MOST - w.total)
  if w.total == 0 or index < w.oldest then w.oldest = index end
  w.total = w.total + units
  redis.call('HINCRBY', w.key, index % (SPAN + 1), string.format(WHOLE, units))
  save(w)
  redis.call('PEXPIRE', w.key, w.lifetime)
end

-- The clock was ahead by more than a window, and was put right. What is held
-- counts as if it was used now, or it would be held until the clock is there
-- again.
local function put_right(w)
  w.now, w.index = server_now, math.floor(server_now / w.width)
  w.oldest = w.index
  redis.call('HSET', w.key, w.index % (SPAN + 1), string.format(WHOLE, w.total))
  save(w)
  local others = {}
  for field = 0, SPAN do
    if field ~= w.index % (SPAN + 1) then others[#others + 1] = field end
  end
  redis.call('HDEL', w.key, unpack(others))
  redis.call('PEXPIRE', w.key, w.lifetime)
end

local sliding_window = {}
algorithms['0'] = sliding_window

function sliding_window.open(w)
  local stored = redis.call('HMGET', w.key, 'n', 't', 'o')
  local last = tonumber(stored[1] or 0)
  w.total, w.now = 0, math.max(server_now, last)
  w.index = math.floor(w.now / w.width)
  if not stored[1] then return end
  w.total, w.oldest = tonumber(stored[2]), tonumber(stored[3])
  if last - server_now > (SPAN + 1) * w.width then return put_right(w) end
  local before = math.floor(last / w.width)
  if w.index > before then sweep(w, before) end
end

function sliding_window.add(w, cost)
  put(w, w.index, cost)
end

function sliding_window.settle(w, at, units)
  local index = math.floor(at / w.width)
  if units > 0 then index = math.min(index, w.index) end -- the clock stepped back
  if index > w.index or index < w.index - SPAN then return end
  units = math.max(units, -count(w, index))
  if units == 0 then return end
  put(w, index, units)
  while w.total > 0 and count(w, w.oldest) == 0 do w.oldest = w.oldest + 1 end
  save(w)
end

function sliding_window.reset(w)
  if w.total == 0 then return 0 end
  return leaves(w, w.oldest) - w.now
end

function sliding_window.wait(w)
  local excess, index = w.total + w.cost - w.rate, w.oldest
  while index <= w.index do
    excess = excess - count(w, index)
    if excess <= 0 then return leaves(w, index) - w.now end
    index = index + 1
  end
  return 0
end
