-- What the scripts share: a sliding window of buckets.
--
-- A window's hash has
--   n       the time of its latest use (µs): time never goes back before it
--   t       the total of all buckets
--   o       the index of the oldest bucket that holds something, if one does
--   0..60   the buckets: the one with index i in field i % 61
-- Buckets that have left the window are subtracted when time enters a new
-- bucket. Each index is visited once, so a window that is busy costs a constant.

local SPAN = 60 -- buckets that fill a window; one more overlaps its start
local WHOLE = '%.0f' -- plain tostring would round times to 14 digits
local MOST = 999999999999999 -- no window counts more

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

-- w: a table with the window's key and the width of its buckets
local function open(w)
  w.total = 0
  local stored = redis.call('HMGET', w.key, 'n', 't', 'o')
  local last = tonumber(stored[1] or 0)
  w.now = math.max(server_now, last)
  w.index = math.floor(w.now / w.width)
  if stored[1] then
    w.total, w.oldest = tonumber(stored[2]), tonumber(stored[3])
    local before = math.floor(last / w.width)
    if w.index > before then sweep(w, before) end
  end
end

-- Adds to a bucket of the window; a negative number takes away.
local function add(w, index, units)
  units = math.min(units, MOST - w.total)
  if w.total == 0 or index < w.oldest then w.oldest = index end
  w.total = w.total + units
  redis.call('HINCRBY', w.key, index % (SPAN + 1), string.format(WHOLE, units))
  save(w)
  redis.call('PEXPIRE', w.key, w.lifetime)
end
