package backup

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Check looks into a part that a drill has restored and says what it found,
// such as how many records it has.
type Check func(ctx context.Context, path string) (found string, err error)

// Drilled says what a drill showed.
type Drilled struct {
	ID       string
	Restored Restored
	// Found has what the checks said, by part.
	Found map[string]string
	// Took is how long the restore and the checks took together.
	Took time.Duration
}

// Drill restores a snapshot into a scratch folder, checks what it has restored,
// and removes it again. The checks are by the names of parts; a part without
// one is only compared with its hashes.
func (r *Repository) Drill(ctx context.Context, id, scratch string, checks map[string]Check) (*Drilled, error) {
	begun := r.now()
	folder, err := os.MkdirTemp(scratch, "drill-*")
	if err != nil {
		return nil, fmt.Errorf("making a scratch folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	restored, _, err := r.restore(ctx, id, folder, nil)
	if err != nil {
		return nil, err
	}
	drilled := &Drilled{ID: id, Restored: *restored, Found: map[string]string{}}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		check, ok := checks[entry.Name()]
		if !ok {
			continue
		}
		found, err := check(ctx, filepath.Join(folder, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("%s was restored, but is not sound: %w", entry.Name(), err)
		}
		drilled.Found[entry.Name()] = found
	}
	drilled.Took = r.now().Sub(begun)
	return drilled, nil
}
