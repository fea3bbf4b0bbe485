-- An exact log of uses, the oldest first; width is the length of the window.
-- Its hash has
--
--   n       the time of its latest use (µs): time never goes back before it
--   t       the total of all uses
--   o, e    the number of the oldest use, and the one after the newest
--   o..e-1  the uses: time and cost, with a colon between

local LONGEST = 1000 -- uses in a log; further ones join another

local sliding_log = {}
algorithms['1'] = sliding_log
local log = {}

function log.read(w, number)
  local at, cost = string.match(redis.call('HGET', w.key, string.format(WHOLE, number)), '(%d+):(%d+)')
  return tonumber(at), tonumber(cost)
end

function log.write(w, number, at, cost)
  redis.call('HSET', w.key, string.format(WHOLE, number),
    string.format(WHOLE, at) .. ':' .. string.format(WHOLE, cost))
end

function log.save(w)
  redis.call('HSET', w.key, 'n', string.format(WHOLE, w.now), 't', string.format(WHOLE, w.total),
    'o', string.format(WHOLE, w.oldest), 'e', string.format(WHOLE, w.next))
end

-- The number of the first use that was not before a time, and when and what it
-- was, if there is one.
function log.find(w, at)
  local number, first, cost = w.next, nil, nil
  while number > w.oldest do
    local before, units = log.read(w, number - 1)
    if before < at then break end
    number, first, cost = number - 1, before, units
  end
  return number, first, cost
end

-- Moves the uses from a number on by one place.
function log.shift(w, number, by)
  local first, last = number, w.next - 1
  if by > 0 then first, last = last, first end
  for i = first, last, -by do
    log.write(w, i + by, log.read(w, i))
  end
  w.next = w.next + by
end

function log.put(w, at, units)
  local number, first, cost = log.find(w, at)
  if first ~= at then
    if units <= 0 then return end
    if w.next - w.oldest < LONGEST then
      log.shift(w, number, 1)
      first, cost = at, 0
    elseif not first then -- it joins the one before
      number, first = number - 1, at
      cost = select(2, log.read(w, number))
    end
  end
  units = math.min(math.max(units, -cost), MOST - w.total)
  w.total = w.total + units
  log.write(w, number, first, cost + units)
  if cost + units == 0 then log.shift(w, number + 1, -1) end
  log.save(w)
  redis.call('PEXPIRE', w.key, w.lifetime)
end

-- The clock was ahead by more than a window, and was put right. What is held
-- counts as if it was used now.
function log.put_right(w)
  local gone = {}
  for number = w.oldest, w.next - 1 do gone[#gone + 1] = string.format(WHOLE, number) end
  log.write(w, w.next, server_now, w.total)
  w.now, w.oldest, w.next = server_now, w.next, w.next + 1
  log.save(w)
  if #gone > 0 then redis.call('HDEL', w.key, unpack(gone)) end
  redis.call('PEXPIRE', w.key, w.lifetime)
end

function sliding_log.open(w)
  local stored = redis.call('HMGET', w.key, 'n', 't', 'o', 'e')
  w.total, w.oldest, w.next, w.now = 0, 0, 0, math.max(server_now, tonumber(stored[1] or 0))
  if not stored[1] then return end
  w.total, w.oldest, w.next = tonumber(stored[2]), tonumber(stored[3]), tonumber(stored[4])
  if w.now - server_now > w.width then return log.put_right(w) end
  local gone = {}
  while w.oldest < w.next do
    local at, cost = log.read(w, w.oldest)
    if at + w.width > w.now then break end
    w.total = w.total - cost
    gone[#gone + 1] = string.format(WHOLE, w.oldest)
    w.oldest = w.oldest + 1
  end
  if #gone == 0 then return end
  log.save(w)
  redis.call('HDEL', w.key, unpack(gone))
end

function sliding_log.add(w, cost)
  log.put(w, w.now, cost)
end

function sliding_log.settle(w, at, units)
  if units > 0 then at = math.min(at, w.now) end -- the clock stepped back
  if at <= w.now and at + w.width > w.now then log.put(w, at, units) end
end

function sliding_log.reset(w)
  if w.total == 0 then return 0 end
  return log.read(w, w.oldest) + w.width - w.now
end

function sliding_log.wait(w)
  local excess = w.total + w.cost - w.rate
  for number = w.oldest, w.next - 1 do
    local at, cost = log.read(w, number)
    excess = excess - cost
    if excess <= 0 then return at + w.width - w.now end
  end
  return 0
end
