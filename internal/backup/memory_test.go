package backup_test

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/odordiff/odordiff/internal/backup"
)

// memory is a target for tests that write a lot.
type memory struct {
	mu       sync.Mutex
	contents map[string][]byte
}

func newMemory() *memory { return &memory{contents: make(map[string][]byte)} }

func (m *memory) String() string { return "memory" }

func (m *memory) Put(_ context.Context, name string, content io.Reader) error {
	text, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.contents[name] = text
	return nil
}

func (m *memory) Get(_ context.Context, name string) (io.ReadCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	text, ok := m.contents[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(text)), nil
}

func (m *memory) List(_ context.Context, prefix string) ([]backup.Object, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var objects []backup.Object
	for _, name := range slices.Sorted(maps.Keys(m.contents)) {
		if strings.HasPrefix(name, prefix) {
			objects = append(objects, backup.Object{Name: name, Size: int64(len(m.contents[name])), Time: time.Now()})
		}
	}
	return objects, nil
}

func (m *memory) Delete(_ context.Context, names ...string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range names {
		delete(m.contents, name)
	}
	return nil
}
