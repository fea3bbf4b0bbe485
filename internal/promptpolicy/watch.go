package promptpolicy

import (
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/fsnotify/fsnotify"

	"github.com/odordiff/odordiff/internal/watch"
)

// watch starts to reload the directory when it may have changed.
func (e *Engine) watch() *watch.Watcher {
	dir := filepath.Clean(e.opts.Dir)
	return watch.Start(watch.Options{
		Paths:    func() []string { return watched(dir) },
		Concerns: func(event fsnotify.Event) bool { return concerns(dir, event) },
		Settle:   e.opts.Debounce,
		Poll:     e.opts.Poll,
		Changed:  e.reload,
	})
}

// watched returns the directory, the directories inside it, and those with a
// link that leads to it. Kubernetes changes a mount by replacing a link beside
// the files, and a release may replace a link to the whole directory.
func watched(dir string) []string {
	var paths []string
	for _, root := range []string{dir, dataRoot(dir)} {
		paths = append(paths, filepath.Dir(root))
		resolved, err := filepath.EvalSymlinks(root)
		if err != nil {
			continue
		}
		paths = append(paths, filepath.Dir(resolved))
		_ = filepath.WalkDir(resolved, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return fs.SkipDir
			}
			if !entry.IsDir() {
				return nil
			}
			if path != resolved && strings.HasPrefix(entry.Name(), ".") {
				return fs.SkipDir
			}
			paths = append(paths, path)
			return nil
		})
	}
	return paths
}

// concerns reports whether an event concerns the directory. Events of its
// siblings do not, nor do mere changes of mode.
func concerns(dir string, event fsnotify.Event) bool {
	if event.Op == fsnotify.Chmod {
		return false
	}
	for _, root := range []string{dir, dataRoot(dir)} {
		if within := event.Name == root || strings.HasPrefix(event.Name, root+string(filepath.Separator)); within {
			return true
		}
		if resolved, err := filepath.EvalSymlinks(root); err == nil && strings.HasPrefix(event.Name, resolved) {
			return true
		}
	}
	return false
}
