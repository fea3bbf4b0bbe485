-- ARGV: now, lease, name and stamp of an item
if not held(ARGV[3], ARGV[2], ARGV[4]) then return { 'lost' } end
call('HINCRBY', key('item', ARGV[3]), 'attempts', -1)
back(ARGV[3])
say('')
return { 'ok' }
