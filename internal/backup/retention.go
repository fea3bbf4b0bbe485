package backup

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Keep says which snapshots a prune leaves: so many of the last ones, and for
// so many hours, days, weeks and months that have a snapshot the last one of
// each. Times are UTC, weeks are ISO 8601's. The last snapshot is always left.
type Keep struct {
	Last, Hourly, Daily, Weekly, Monthly int
}

// ParseKeep reads a retention such as "last 3, hourly 24, daily 7".
func ParseKeep(text string) (Keep, error) {
	var keep Keep
	fields := map[string]*int{
		"last": &keep.Last, "hourly": &keep.Hourly, "daily": &keep.Daily, "weekly": &keep.Weekly, "monthly": &keep.Monthly,
	}
	for rule := range strings.SplitSeq(text, ",") {
		words := strings.Fields(rule)
		if len(words) != 2 || fields[words[0]] == nil {
			return Keep{}, fmt.Errorf("%q is no retention: write, for example, last 3, hourly 24, daily 7, weekly 4, monthly 12", rule)
		}
		number, err := strconv.Atoi(words[1])
		if err != nil || number < 0 {
			return Keep{}, fmt.Errorf("%q: %q is not a number of snapshots", rule, words[1])
		}
		*fields[words[0]] = number
	}
	if keep == (Keep{}) {
		return Keep{}, errors.New("this retention keeps nothing")
	}
	return keep, nil
}

// periods name the hour, day, week or month of a time.
var periods = []struct {
	of    func(Keep) int
	named func(time.Time) string
}{
	{func(k Keep) int { return k.Last }, func(t time.Time) string { return "" }},
	{func(k Keep) int { return k.Hourly }, func(t time.Time) string { return t.Format("2006010215") }},
	{func(k Keep) int { return k.Daily }, func(t time.Time) string { return t.Format("20060102") }},
	{func(k Keep) int { return k.Weekly }, func(t time.Time) string {
		year, week := t.ISOWeek()
		return fmt.Sprint(year, "W", week)
	}},
	{func(k Keep) int { return k.Monthly }, func(t time.Time) string { return t.Format("200601") }},
}

// split returns which of the snapshots, the oldest first, stay and which go.
func (k Keep) split(heads []Head) (stay, leave []Head) {
	kept := make(map[string]bool)
	for _, period := range periods {
		left, last := period.of(k), ""
		for i := len(heads) - 1; i >= 0 && left > 0; i-- {
			name := period.named(heads[i].Time.UTC())
			if name != "" && name == last {
				continue
			}
			kept[heads[i].ID] = true
			last = name
			left--
		}
	}
	for i, head := range heads {
		if kept[head.ID] || i == len(heads)-1 {
			stay = append(stay, head)
		} else {
			leave = append(leave, head)
		}
	}
	return stay, leave
}

// grace is how long an object that no snapshot needs is left: it may belong to
// one that is being made.
const grace = 24 * time.Hour

// Pruned says what a prune removed.
type Pruned struct {
	Snapshots, Objects int
	Bytes              int64
}

// Prune removes the snapshots that are not to be kept, and then the objects
// that none needs. It can do so without an identity.
func (r *Repository) Prune(ctx context.Context, keep Keep) (*Pruned, error) {
	// Of whom the snapshots are does not matter here: what they need is kept.
	believing := *r
	believing.Signer = ""
	heads, err := r.List(ctx)
	if err != nil {
		return nil, err
	}
	stay, leave := keep.split(heads)
	// A snapshot that cannot be read may need anything, so nothing is removed.
	needed := make(map[string]bool)
	for _, head := range stay {
		s, err := believing.read(ctx, head.ID)
		if err != nil {
			return nil, fmt.Errorf("nothing was pruned: %w", err)
		}
		for _, name := range s.Objects {
			needed[name] = true
		}
	}
	pruned := &Pruned{}
	for _, head := range leave {
		if err := r.Target.Delete(ctx, snapshotFolder+head.ID+snapshotEnding); err != nil {
			return pruned, fmt.Errorf("removing snapshot %s: %w", head.ID, err)
		}
		pruned.Snapshots++
	}
	return pruned, r.removeUnneeded(ctx, needed, pruned)
}

func (r *Repository) removeUnneeded(ctx context.Context, needed map[string]bool, pruned *Pruned) error {
	objects, err := r.Target.List(ctx, objectFolder)
	if err != nil {
		return fmt.Errorf("listing the objects: %w", err)
	}
	for _, object := range objects {
		if needed[object.Name] || r.now().Sub(object.Time) < grace {
			continue
		}
		if err := r.Target.Delete(ctx, object.Name); err != nil {
			return fmt.Errorf("removing %s: %w", object.Name, err)
		}
		pruned.Objects++
		pruned.Bytes += object.Size
	}
	return nil
}
