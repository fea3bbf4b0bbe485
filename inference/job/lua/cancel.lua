-- ARGV: now, share, id, keep
local id = ARGV[3]
if not owned(id, ARGV[2]) then return { 'none' } end
if not call('HGET', key('job', id), 'finished') then drop(id, now(), ARGV[4]) end
return { 'ok', describe(id) }
