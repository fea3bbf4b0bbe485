package audit

import (
	"io"
	"os"
	"sync"
)

// FaultyDisk is the system's disk, which a test can make fail.
type FaultyDisk struct {
	system
	mu    sync.Mutex
	fault func(op string) error
}

// Fail makes each operation that fault returns an error for fail: create,
// write, sync, truncate, remove, replace, folder.
func (d *FaultyDisk) Fail(fault func(op string) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault = fault
}

// Heal ends all faults.
func (d *FaultyDisk) Heal() { d.Fail(nil) }

func (d *FaultyDisk) check(op string) error {
	d.mu.Lock()
	fault := d.fault
	d.mu.Unlock()
	if fault == nil {
		return nil
	}
	return fault(op)
}

func (d *FaultyDisk) create(path string) (file, error) {
	if err := d.check("create"); err != nil {
		return nil, err
	}
	created, err := d.system.create(path)
	if err != nil {
		return nil, err
	}
	return &faultyFile{created.(*os.File), d}, nil
}

func (d *FaultyDisk) remove(path string) error {
	if err := d.check("remove"); err != nil {
		return err
	}
	return d.system.remove(path)
}

func (d *FaultyDisk) replace(path string, content []byte) error {
	if err := d.check("replace"); err != nil {
		return err
	}
	return d.system.replace(path, content)
}

func (d *FaultyDisk) syncFolder(path string) error {
	if err := d.check("folder"); err != nil {
		return err
	}
	return d.system.syncFolder(path)
}

type faultyFile struct {
	*os.File
	disk *FaultyDisk
}

// Write writes the first half of what it is to write before it fails.
func (f *faultyFile) Write(p []byte) (int, error) {
	if err := f.disk.check("write"); err != nil {
		n, _ := f.File.Write(p[:len(p)/2])
		return n, err
	}
	return f.File.Write(p)
}

func (f *faultyFile) Sync() error {
	if err := f.disk.check("sync"); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *faultyFile) Truncate(size int64) error {
	if err := f.disk.check("truncate"); err != nil {
		return err
	}
	return f.File.Truncate(size)
}

var _ io.Writer = (*faultyFile)(nil)

// OpenOn is Open on a disk of a test.
func OpenOn(disk *FaultyDisk, options Options) (*Trail, error) { return openOn(disk, options) }

// Append appends an event as the trail writes it.
var Append = Event.append

// ReadTail returns how many bytes of a segment are whole records.
func ReadTail(folder string, number uint64) (int64, error) {
	found, err := readTail(folder, number)
	return found.valid, err
}
