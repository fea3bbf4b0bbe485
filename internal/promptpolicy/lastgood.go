package promptpolicy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/odordiff/odordiff/internal/atomicfile"
)

// keptPolicy is the last good version of a directory, as it lies on disk.
type keptPolicy struct {
	Hash    string            `json:"hash"`
	SavedAt time.Time         `json:"saved_at"`
	Files   map[string][]byte `json:"files"`
}

// keep writes the snapshot to a file, for the next start. It replaces the file
// as a whole or not at all.
func (s *Snapshot) keep(file string) error {
	content, err := json.Marshal(keptPolicy{Hash: s.Hash, SavedAt: time.Now().UTC(), Files: s.files})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return atomicfile.Replace(file, content, 0o600)
}

// readKept returns the version that was kept, and when.
func readKept(file string) (*Snapshot, time.Time, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, time.Time{}, err
	}
	var kept keptPolicy
	if err := json.Unmarshal(content, &kept); err != nil {
		return nil, time.Time{}, fmt.Errorf("%s: %w", file, err)
	}
	snap := &Snapshot{files: kept.Files}
	if snap.index(); snap.Hash != kept.Hash {
		return nil, time.Time{}, fmt.Errorf("%s: its files are not those of revision %s", file, kept.Hash)
	}
	return snap, kept.SavedAt, nil
}

// beginning is the version that an engine begins with.
type beginning struct {
	policy *Policy
	status Status
	err    error // why the directory is not in force, if it is not
}

// open loads the directory. If it is refused, open loads the last good version
// on disk instead. That version is judged again, because this program may be
// stricter than the one that kept it.
func open(ctx context.Context, opts Options) (beginning, error) {
	snap, err := ReadSnapshot(opts.Dir)
	candidate := ""
	if err == nil {
		candidate = snap.Hash
		var policy *Policy
		if policy, err = opts.Admit(ctx, snap, opts.Conditions); err == nil {
			status := Status{Revision: snap.Hash, Candidate: snap.Hash, LoadedAt: time.Now()}
			status.keep(snap, opts.LastGood)
			return beginning{policy: policy, status: status}, nil
		}
		err = fmt.Errorf("loading policy directory %s: %w", opts.Dir, err)
	}
	if opts.LastGood == "" || ctx.Err() != nil {
		return beginning{}, err
	}
	kept, savedAt, keptErr := readKept(opts.LastGood)
	if errors.Is(keptErr, os.ErrNotExist) {
		return beginning{}, err
	}
	if keptErr != nil {
		return beginning{}, fmt.Errorf("%w; and the last good version cannot be read: %w", err, keptErr)
	}
	policy, keptErr := opts.Admit(ctx, kept, opts.Conditions)
	if keptErr != nil {
		return beginning{}, fmt.Errorf("%w; and the last good version is refused, too: %w", err, keptErr)
	}
	now := time.Now()
	return beginning{policy: policy, err: err, status: Status{
		Revision: kept.Hash, LoadedAt: now, Candidate: candidate, Faults: FaultsOf(err), RefusedAt: now, KeptSince: savedAt,
	}}, nil
}

// keep records whether the version in force could be kept.
func (s *Status) keep(snap *Snapshot, file string) {
	s.NotKept = ""
	if file == "" {
		return
	}
	if err := snap.keep(file); err != nil {
		s.NotKept = err.Error()
	}
}
