package backup

import "context"

// PutManifest signs and stores a snapshot with any manifest.
func (r *Repository) PutManifest(ctx context.Context, manifest Manifest) (id string, err error) {
	t := &taking{Repository: r, ctx: ctx, result: &Result{}, needed: map[string]bool{}}
	return t.finish(manifest)
}
