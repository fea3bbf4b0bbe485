-- What the scripts have in common. KEYS[1] begins the name of every key, and
-- its braces put all of them into one slot of a cluster: a script changes the
-- whole queue in one step or nothing. Times are milliseconds since 1970.
--
--   seq             the last number given to an item
--   job:ID          a job's fields; number is that of its first item
--   item:NUMBER     an item that is open: job, position, share, priority,
--                   attempts, how often it was abandoned, payload and, while
--                   it runs, lease
--   results:ID      by sequence, and failed:ID the sequences of those that failed
--   ready:SHARE     a principal's items that are due, by priority and number
--   apart           all items that are due and have to run alone, by number
--   delayed, leases all items that wait for another attempt, or run, by time
--   turns           principals with items that are ready, by whose turn it is
--   turn            the last turn
--   open, running, served  each principal's open and running items, and last turn
--   depth           how many items wait and run
--   list:SHARE, keys:SHARE  a principal's jobs by number, and by idempotency key
--   expiry          all jobs by when they expire

local call = redis.call

local function key(name, of)
  return KEYS[1] .. ':' .. name .. (of and ':' .. of or '')
end

local function now()
  if ARGV[1] ~= '' then return tonumber(ARGV[1]) end
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- name is an item's number as it is written, so that names sort as numbers do.
local function name(number) return string.format('%016.0f', number) end

-- owned reports whether a job is of a principal.
local function owned(id, share) return call('HGET', key('job', id), 'share') == share end

local function describe(id)
  local fields = call('HMGET', key('job', id), 'priority', 'cancelled', 'created', 'finished', 'expires',
    'total', 'waiting', 'running', 'done', 'failed', 'dropped')
  for i = 1, 11 do fields[i] = fields[i] or '0' end
  fields[12] = id
  return fields
end

-- say tells those who listen: '' that there is something to take, an id that the
-- job has changed, and an id behind a '-' that it was cancelled.
local function say(what) call('PUBLISH', key('events'), what) end

-- shift counts an item out of one state and into another.
local function shift(id, share, from, to)
  call('HINCRBY', key('job', id), from, -1)
  call('HINCRBY', key('job', id), to, 1)
  for state, by in pairs({ [from] = -1, [to] = 1 }) do
    if state == 'waiting' or state == 'running' then
      call('HINCRBY', key('depth'), state, by)
      call('HINCRBY', key('open'), share, by)
    end
    if state == 'running' then call('HINCRBY', key('running'), share, by) end
  end
end

-- place puts a principal where its turn is: before those with more items
-- running, and before those with as many that had a turn since.
local function place(share)
  if call('EXISTS', key('ready', share)) == 0 then
    return call('ZREM', key('turns'), share)
  end
  local running = math.min(call('HGET', key('running'), share) or 0, 8191)
  local served = call('HGET', key('served'), share) or 0
  call('ZADD', key('turns'), running * 2 ^ 40 + served, share)
end

-- ready lets an item be taken: in its principal's turn, or alone if a process
-- ended with it before.
local function ready(item)
  local fields = call('HMGET', key('item', item), 'share', 'priority', 'abandoned')
  if fields[3] == '0' then
    call('ZADD', key('ready', fields[1]), -fields[2], item)
  else
    call('ZADD', key('apart'), item, item)
  end
  place(fields[1])
end

-- back makes a running item wait, until a time or for its turn alone.
local function back(item, due)
  local fields = call('HMGET', key('item', item), 'job', 'share')
  call('HDEL', key('item', item), 'lease')
  call('ZREM', key('leases'), item)
  shift(fields[1], fields[2], 'running', 'waiting')
  if due then
    call('ZADD', key('delayed'), due, item)
    place(fields[2])
  else
    ready(item)
  end
end

-- finish ends a job.
local function finish(id, at, keep)
  local job = key('job', id)
  call('HDEL', job, 'shared')
  call('HSET', job, 'finished', at, 'expires', at + keep)
  call('ZADD', key('expiry'), at + keep, id)
end

-- settle writes the result of a running item, and ends the job if it was the
-- last. What was asked is not needed any more.
local function settle(item, state, body, at, keep)
  local fields = call('HMGET', key('item', item), 'job', 'share', 'position', 'attempts')
  local id, share = fields[1], fields[2]
  call('DEL', key('item', item))
  call('ZREM', key('leases'), item)
  shift(id, share, 'running', state)
  place(share)
  local counts = call('HMGET', key('job', id), 'done', 'failed', 'waiting', 'running')
  local sequence = counts[1] + counts[2]
  local header = { fields[3], state == 'failed' and 1 or 0, fields[4], string.format('%.0f', at) }
  call('HSET', key('results', id), sequence, table.concat(header, ' ') .. ' ' .. body)
  if state == 'failed' then call('ZADD', key('failed', id), sequence, sequence) end
  if counts[3] + counts[4] == 0 then finish(id, at, keep) end
  say(id)
end

-- stamp tells an attempt at an item from every other: a server that lost what it
-- knew gives numbers again.
local function stamp(attempts, id) return attempts .. ' ' .. id end

-- held reports whether an item is with who took it.
local function held(item, lease, stamped)
  local fields = call('HMGET', key('item', item), 'lease', 'attempts', 'job')
  return fields[1] == lease and stamp(fields[2], fields[3]) == stamped
end

-- drop cancels a job that is not final.
local function drop(id, at, keep)
  local fields = call('HMGET', key('job', id), 'number', 'total', 'share')
  local share = fields[3]
  for number = tonumber(fields[1]), fields[1] + fields[2] - 1 do
    local item = name(number)
    local found = call('HMGET', key('item', item), 'job', 'lease')
    if found[1] then
      call('DEL', key('item', item))
      call('ZREM', key('leases'), item)
      call('ZREM', key('delayed'), item)
      call('ZREM', key('apart'), item)
      call('ZREM', key('ready', share), item)
      shift(id, share, found[2] and 'running' or 'waiting', 'dropped')
    end
  end
  place(share)
  call('HSET', key('job', id), 'cancelled', 1)
  finish(id, at, keep)
  say('-' .. id)
end
