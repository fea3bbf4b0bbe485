-- ARGV: now, share, id
if not owned(ARGV[3], ARGV[2]) then return { 'none' } end
return { 'ok', describe(ARGV[3]) }
