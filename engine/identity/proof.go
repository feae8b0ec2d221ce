package identity

import (
	"context"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// A mailed link or code proves something about a user as the user was when it
// was made. It names the user and that state, and is void when the user is
// another or the state is.

// MaxProofLife is how long a proof is good at most.
const MaxProofLife = pluginapi.MaxProofSeconds * time.Second

// proofPurpose keeps the MACs of proofs apart from others.
const proofPurpose = "proof"

// changesLength is the number of characters that name the latest change of a
// user's address: 95 bits, so that no two are the same.
const changesLength = 16

// boundTo is the field of a verification with the proof that it is bound to.
// Plugins do not see it.
const boundTo = "boundTo"

// stay marks a proof that stays good when the address is verified meanwhile.
const stay = "+"

// Proofs make and check proofs about the users of one tenant.
type Proofs struct {
	Users   *Service
	Secrets *secret.Secrets
}

// Make returns a proof about a user as the user is now: a text that names the
// user and hides the state. whenVerified lets it stay good when the address is
// verified later. A proof about a user who does not exist is void, and costs as
// much as any other.
func (p Proofs) Make(ctx context.Context, tx *store.Tx, userID string, whenVerified bool, now time.Time) (string, error) {
	mode := "-"
	if whenVerified {
		mode = stay
	}
	changed, _, err := p.Users.addressChange(ctx, tx, userID, now)
	if err != nil {
		return "", err
	}
	state, _, err := p.Users.state(ctx, tx, userID, whenVerified)
	if err != nil {
		return "", err
	}
	head := mode + changed + "."
	sum := base64.RawURLEncoding.EncodeToString(p.Secrets.MAC(proofPurpose, head+state))
	return head + sum + "." + userID, nil
}

// Check returns whom a proof is about; "" if it does not hold.
func (p Proofs) Check(ctx context.Context, tx *store.Tx, proof string, now time.Time) (userID string, err error) {
	userID, _, err = p.check(ctx, tx, proof, now)
	return userID, err
}

// Use is Check for a proof that allows something: the unit of work conflicts
// with a concurrent change of the user.
func (p Proofs) Use(ctx context.Context, tx *store.Tx, proof string, now time.Time) (userID string, err error) {
	userID, read, err := p.check(ctx, tx, proof, now)
	for _, r := range read {
		if err := tx.Guard(ctx, r.model, r.id); err != nil {
			return "", err
		}
	}
	return userID, err
}

// check returns whom a proof is about and what was read to find out, neither if
// it does not hold.
func (p Proofs) check(ctx context.Context, tx *store.Tx, proof string, now time.Time) (string, []place, error) {
	head, rest, _ := strings.Cut(proof, ".")
	encoded, userID, _ := strings.Cut(rest, ".")
	sum, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || head == "" {
		return "", nil, nil
	}
	changed, known, err := p.Users.addressChange(ctx, tx, userID, now)
	if err != nil || known && head[1:] != changed {
		return "", nil, err
	}
	state, read, err := p.Users.state(ctx, tx, userID, head[:1] == stay)
	if err != nil || len(read) == 0 || !p.Secrets.VerifyMAC(proofPurpose, head+"."+state, sum) {
		return "", nil, err
	}
	return userID, read, nil
}

// place is where a record is.
type place struct{ model, id string }

// state describes a user as proofs see the user, and says where that was read.
// A user who is gone has nothing to be read.
func (s *Service) state(ctx context.Context, tx *store.Tx, userID string, whenVerified bool) (string, []place, error) {
	user, err := tx.Get(ctx, User, userID)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil, s.missAccount(ctx, tx, userID)
	}
	if err != nil {
		return "", nil, err
	}
	account, err := s.FindAccount(ctx, tx, userID, CredentialProvider)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", nil, err
	}
	read := []place{{User, user.ID}}
	password := ""
	if account != nil {
		read = append(read, place{Account, account.ID})
		password = account.Str("password")
	}
	parts := []string{user.ID, user.Str("email"), password}
	if !whenVerified {
		parts = append(parts, strconv.FormatBool(user.Fields.Get("emailVerified").Bool()))
	}
	for i, part := range parts {
		parts[i] = strconv.Quote(part)
	}
	return strings.Join(parts, ","), read, nil
}

// addressChanges is the identifier of the note about the latest change of a
// user's address. No plugin's identifier begins so.
func addressChanges(userID string) string { return "/address/" + userID }

// noteAddressChange notes that a user's address is another, for as long as
// there may be proofs from before: a user who comes back to an earlier address
// does not bring them back to life.
func (s *Service) noteAddressChange(ctx context.Context, tx *store.Tx, userID string, now time.Time) error {
	note := document.NewObject(3).
		Set("value", document.Text(secret.RandomString(changesLength, secret.Alnum))).
		Set("expiresAt", document.Time(now.Add(MaxProofLife))).
		Set("updatedAt", document.Time(now))
	old, err := tx.Find(ctx, Verification, "identifier", document.Text(addressChanges(userID)))
	switch {
	case err == nil:
		_, err = tx.Update(ctx, Verification, old.ID, note)
	case errors.Is(err, store.ErrNotFound):
		note.Set("identifier", document.Text(addressChanges(userID))).Set("createdAt", document.Time(now))
		_, err = tx.InsertNew(ctx, Verification, secret.RandomString(idLength, secret.Alnum), note)
	}
	return err
}

// addressChange returns the name of the latest change of a user's address, if
// there was one in the life of a proof.
func (s *Service) addressChange(ctx context.Context, tx *store.Tx, userID string, now time.Time) (name string, known bool, err error) {
	note, err := s.FindVerification(ctx, tx, addressChanges(userID), now)
	if errors.Is(err, store.ErrNotFound) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	return note.Str("value"), true, nil
}
