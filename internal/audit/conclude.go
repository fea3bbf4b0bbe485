package audit

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"time"
)

// conclude checks what takes the whole trail.
func (r *reader) conclude() {
	r.report.Head = r.head.String()
	r.concludeDeleted()
	r.concludeCheckpoint()
	if r.report.Signed == 0 {
		r.add(Fault{File: r.folder, What: "the trail has no signature"})
	}
	if r.options.Key != nil && !r.pinned {
		r.add(Fault{File: r.folder, What: "the trail is not signed with the expected key, nor with one that it endorsed"})
	}
}

// concludeDeleted checks that segments that are not there were deleted by the
// trail itself: a signed record says where they ended.
func (r *reader) concludeDeleted() {
	first := segmentName(1)
	known := r.report.First == 1
	for _, deleted := range r.deletions {
		end, seen := r.ends[deleted.Segment]
		if !seen {
			continue
		}
		known = true
		if end.String() != deleted.Head {
			r.add(Fault{segmentName(deleted.Segment + 1), 1, 0, "the record before it is not the last of what was deleted"})
		}
	}
	if !known {
		r.add(Fault{File: first, What: fmt.Sprintf("the segments before record %d are missing, and no signed record says that they were deleted", r.report.First)})
	}
}

func (r *reader) concludeCheckpoint() {
	c := r.options.Checkpoint
	if c == nil {
		return
	}
	about := fmt.Sprintf("the checkpoint of %s ", c.at.Format(time.RFC3339))
	where := Fault{File: r.file}
	signed := slices.ContainsFunc(r.keys, func(key ed25519.PublicKey) bool { return c.signedBy(key) })
	switch {
	case c.trail != r.report.Trail:
		where.What = about + "is of another trail: " + c.trail
	case c.seq > r.report.Last:
		where.What = about + fmt.Sprintf("vouches for record %d, but the trail ends with record %d: the rest was cut off", c.seq, r.report.Last)
	case !r.report.Anchored && c.seq < r.report.First:
		where.What = about + fmt.Sprintf("vouches for record %d, but the trail begins with record %d: the checkpoint is older than what is kept, and shows nothing", c.seq, r.report.First)
	case !r.report.Anchored:
		where.What = about + fmt.Sprintf("vouches for record %d, which is missing", c.seq)
	case !signed && c.seq >= r.report.First:
		where.What = about + "is not signed with a key of the trail"
	default:
		return
	}
	r.add(where)
}
