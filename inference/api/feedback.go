package api

import (
	"encoding/base64"
	"net/http"
	"time"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/feedback"
	"github.com/odordiff/odordiff/internal/problem"
)

// maxComment is the longest comment, in Unicode characters.
const maxComment = 2000

// moleculeID is the id of a molecule in answers and addresses: its canonical
// SMILES in the letters of an address.
func moleculeID(smiles string) string { return base64.RawURLEncoding.EncodeToString([]byte(smiles)) }

// moleculeOf returns the molecule of an id, or the problem that there is none.
func moleculeOf(id string) (*chem.Molecule, error) {
	none := problem.NotFound.New("the id is no molecule's: take it from an answer")
	smiles, err := base64.RawURLEncoding.Strict().DecodeString(id)
	if err != nil {
		return nil, none.Because(err)
	}
	m, wrong := readMolecule("", string(smiles))
	if wrong != nil || m.SMILES() != string(smiles) {
		return nil, none
	}
	return m, nil
}

// feedbackAnswer is the body of the answer to feedback.
type feedbackAnswer struct {
	RequestID string `json:"request_id"`
	Molecule  string `json:"molecule"`
	SMILES    string `json:"smiles"`
	Rating    int    `json:"rating"`
}

// feedback answers POST /api/v1/molecules/{id}/feedback.
func (a *api) feedback(w http.ResponseWriter, r *http.Request) error {
	records, principal, err := a.asked(r)
	if err != nil {
		return err
	}
	if records.Feedback == nil {
		return notRecorded("feedback", records.NoFeedback)
	}
	m, err := moleculeOf(r.PathValue("id"))
	if err != nil {
		return err
	}
	o, err := readObject(w, r)
	if err != nil {
		return err
	}
	entry, err := parseFeedback(o)
	if err != nil {
		return err
	}
	entry.Principal, entry.SMILES, entry.Created = principal, m.SMILES(), time.Now()
	ctx, cancel := briefly(r)
	defer cancel()
	if err := records.Feedback.Save(ctx, entry); err != nil {
		return recordsRefusal(err)
	}
	return writeState(w, http.StatusOK, feedbackAnswer{requestID(ctx), r.PathValue("id"), entry.SMILES, entry.Rating})
}

// parseFeedback reads the body of feedback. What is wrong with it is a problem.
func parseFeedback(o *object) (feedback.Entry, error) {
	if _, ok := o.fields["rating"]; !ok {
		o.fail("rating", "is missing")
	}
	entry := feedback.Entry{
		Rating:  o.integerOr("rating", 1, 5, 0),
		Comment: o.text("comment", maxComment),
		Prompt:  o.text("prompt", maxPrompt),
	}
	return entry, o.done()
}
