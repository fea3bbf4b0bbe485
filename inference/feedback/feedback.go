// Package feedback keeps what people think of molecules.
package feedback

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/odordiff/odordiff/inference/store"
)

// Most is how many molecules one principal can have rated.
const Most = 10_000

// ErrTooMany says that a principal has rated [Most] molecules.
var ErrTooMany = errors.New("the principal has rated too many molecules")

// Entry is what a principal thinks of a molecule.
type Entry struct {
	Principal string
	// SMILES is the molecule in canonical form.
	SMILES string
	// Rating is from 1 to 5, the best.
	Rating int
	// Comment and Prompt, what the molecule was the answer to, may be empty.
	Comment, Prompt string
	Created         time.Time
}

// Book is the feedback in a store. It is safe for concurrent use.
type Book struct{ store *store.Store }

// NewBook returns the book of a store.
func NewBook(s *store.Store) *Book { return &Book{s} }

// Save keeps an entry in place of the principal's last one about the molecule.
// It returns [ErrTooMany] where there is no room for one more.
func (b *Book) Save(ctx context.Context, e Entry) error {
	return b.store.Write(ctx, func(tx *store.Tx) error {
		var others int
		if err := tx.Row("SELECT count(*) FROM feedback WHERE principal = ? AND smiles <> ?", e.Principal, e.SMILES).Scan(&others); err != nil {
			return err
		}
		if others >= Most {
			return ErrTooMany
		}
		_, err := tx.Exec(`INSERT INTO feedback (principal, smiles, rating, comment, prompt, created) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (principal, smiles) DO UPDATE SET
				rating = excluded.rating, comment = excluded.comment, prompt = excluded.prompt, created = excluded.created`,
			e.Principal, e.SMILES, e.Rating, store.Pack([]byte(e.Comment)), store.Pack([]byte(e.Prompt)), e.Created.UnixMilli())
		return err
	})
}

// Find returns a principal's entry about a molecule. It reports whether there
// is one.
func (b *Book) Find(ctx context.Context, principal, smiles string) (e Entry, found bool, err error) {
	var comment, prompt []byte
	var created int64
	err = b.store.Read(ctx, func(tx *store.Tx) error {
		return tx.Row("SELECT rating, comment, prompt, created FROM feedback WHERE principal = ? AND smiles = ?", principal, smiles).
			Scan(&e.Rating, &comment, &prompt, &created)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return Entry{}, false, nil
	}
	if err != nil {
		return Entry{}, false, err
	}
	e.Principal, e.SMILES, e.Created = principal, smiles, time.UnixMilli(created)
	if comment, err = store.Unpack(comment); err != nil {
		return Entry{}, false, err
	}
	prompt, err = store.Unpack(prompt)
	e.Comment, e.Prompt = string(comment), string(prompt)
	return e, err == nil, err
}
