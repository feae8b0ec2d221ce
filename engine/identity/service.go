package identity

import (
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/secret"
	"github.com/authhost/authhost/engine/store"
)

const idLength = 32

// Passwords hashes and checks passwords; *secret.Hasher is one.
type Passwords interface {
	Hash(ctx context.Context, password string) (string, error)
	Verify(ctx context.Context, hash, password string) (ok, rehash bool, err error)
	Equalize(ctx context.Context, password string) error
}

// Service keeps the users, accounts and verifications of one tenant. All its
// methods work within the unit of work that they are given; nothing is
// written until that is committed.
type Service struct {
	passwords Passwords
	texts     Texts
	fields    []Field
	accounts  []Field // of accounts
}

// New returns a Service with default bounds on texts. The fields are those that
// users have beside the core ones, in the order in which records show them.
func New(passwords Passwords, fields ...Field) *Service {
	return &Service{passwords: passwords, fields: fields}
}

// LimitTexts sets the bounds on the core texts of users, and returns the service.
func (s *Service) LimitTexts(t Texts) *Service {
	s.texts = t
	return s
}

// AccountFields sets what accounts have beside the core fields, and returns the
// service. Of these fields the names and defaults count.
func (s *Service) AccountFields(fields []Field) *Service {
	s.accounts = fields
	return s
}

// NewUser describes a user to be created.
type NewUser struct {
	Fields     *document.Object // name, email, image, emailVerified and additional fields
	Input      *document.Object // what a client sent: only fields that are open to clients are taken
	ProviderID string           // "" for no account
	AccountID  string           // default: the user's id
	Password   string           // for CredentialProvider
	Account    *document.Object // further account fields, may be nil
}

// draft puts a new user's record together.
func (s *Service) draft(n NewUser, now time.Time) (id string, fields *document.Object, err error) {
	id = secret.RandomString(idLength, secret.Alnum)
	fields = document.NewObject(8)
	fields.Set("name", textOr(n.Fields.Get("name"), ""))
	fields.Set("email", document.Text(NormalizeEmail(n.Fields.Get("email").Str())))
	fields.Set("emailVerified", document.Boolean(n.Fields.Get("emailVerified").Bool()))
	for name, v := range n.Fields.All() {
		if !fields.Has(name) && name != "id" && !v.IsNullish() {
			fields.Set(name, v)
		}
	}
	if !fields.Has("image") { // as the reference has it on SQL databases
		fields.Set("image", document.NullValue())
	}
	fields.Set("createdAt", document.Time(now)).Set("updatedAt", document.Time(now))
	if err := TakeInput(s.fields, fields, s.withoutDefaults(n.Input)); err != nil {
		return "", nil, err
	}
	if err := s.complete(fields, n.Input); err != nil {
		return "", nil, err
	}
	if err := s.texts.check(fields); err != nil {
		return "", nil, err
	}
	return id, fields.Set("id", document.Text(id)), nil
}

// DraftUser returns the record that CreateUser would store, and stores
// nothing: an answer made of it cannot be told from a real one.
func (s *Service) DraftUser(n NewUser, now time.Time) (*store.Record, error) {
	id, fields, err := s.draft(n, now)
	if err != nil {
		return nil, err
	}
	return &store.Record{ID: id, Fields: fields}, nil
}

// CreateUser creates a user and, if asked, an account. It returns a
// *store.ConflictError when the address is taken.
func (s *Service) CreateUser(ctx context.Context, w store.Work, n NewUser) (user, account *store.Record, err error) {
	id, fields, err := s.draft(n, w.Now)
	if err != nil {
		return nil, nil, err
	}
	if user, err = s.insert(ctx, w, User, id, fields); err != nil {
		return nil, nil, err
	}
	if n.ProviderID == "" {
		return user, nil, nil
	}
	account, err = s.CreateAccount(ctx, w, NewAccount{
		UserID: id, ProviderID: n.ProviderID, AccountID: n.AccountID, Password: n.Password, Fields: n.Account,
	})
	return user, account, err
}

// insert raises MODEL.creating, stores the record and arranges MODEL.created.
func (s *Service) insert(ctx context.Context, w store.Work, model, id string, fields *document.Object) (*store.Record, error) {
	if err := w.Hooks.Verdict(ctx, model+".creating", fields, nil); err != nil {
		return nil, err
	}
	fields.Set("id", document.Text(id))
	if model == User {
		if err := normalize(fields); err != nil {
			return nil, err
		}
		if err := s.texts.check(fields); err != nil {
			return nil, err
		}
	}
	rec, err := w.Tx.InsertNew(ctx, model, id, fields)
	if err != nil {
		return nil, err
	}
	w.Hooks.Happened(model+".created", rec, nil)
	return rec, nil
}

// NewAccount describes an account to be created.
type NewAccount struct {
	UserID, ProviderID string
	AccountID          string // default: the user's id
	Password           string // for CredentialProvider
	Fields             *document.Object
}

// CreateAccount links a provider to a user. The user must exist when the work
// is committed.
func (s *Service) CreateAccount(ctx context.Context, w store.Work, n NewAccount) (*store.Record, error) {
	if n.AccountID == "" {
		n.AccountID = n.UserID
	}
	fields := document.NewObject(8).
		Set("accountId", document.Text(n.AccountID)).
		Set("providerId", document.Text(n.ProviderID)).
		Set("userId", document.Text(n.UserID))
	for name, v := range n.Fields.All() {
		if !fields.Has(name) && name != "password" && name != "id" && !v.IsNullish() {
			fields.Set(name, v)
		}
	}
	for _, f := range s.accounts {
		if !fields.Has(f.Name) && !f.Default.IsAbsent() {
			fields.Set(f.Name, f.Default.Clone())
		}
	}
	if n.ProviderID == CredentialProvider {
		if err := s.CheckPassword(ctx, w.Hooks, n.Password); err != nil {
			return nil, err
		}
		hash, err := s.passwords.Hash(ctx, n.Password)
		if err != nil {
			return nil, hashing(err)
		}
		fields.Set("password", document.Text(hash))
	}
	id := secret.RandomString(idLength, secret.Alnum)
	fields.Set("createdAt", document.Time(w.Now)).Set("updatedAt", document.Time(w.Now)).Set("id", document.Text(id))
	return s.insertAccount(ctx, w, id, fields)
}

// insertAccount keeps the account's secrets from the hooks.
func (s *Service) insertAccount(ctx context.Context, w store.Work, id string, fields *document.Object) (*store.Record, error) {
	seen := WithoutSecrets(fields)
	if err := w.Hooks.Verdict(ctx, "account.creating", seen, nil); err != nil {
		return nil, err
	}
	for _, name := range accountSecrets {
		seen.Set(name, fields.Get(name))
	}
	seen.Set("id", document.Text(id)).Set("userId", fields.Get("userId"))
	rec, err := w.Tx.InsertNew(ctx, Account, id, seen)
	if err == nil {
		w.Hooks.Happened("account.created", withoutSecrets(rec), nil)
	}
	return rec, err
}

// withoutSecrets is WithoutSecrets for a record.
func withoutSecrets(account *store.Record) *store.Record {
	return &store.Record{ID: account.ID, Version: account.Version, Fields: WithoutSecrets(account.Fields)}
}

// UserByEmail finds a user by address, whatever its case.
func (s *Service) UserByEmail(ctx context.Context, tx *store.Tx, email string) (*store.Record, error) {
	return tx.Find(ctx, User, "email", document.Text(NormalizeEmail(email)))
}

// UserByID finds a user.
func (s *Service) UserByID(ctx context.Context, tx *store.Tx, id string) (*store.Record, error) {
	return tx.Get(ctx, User, id)
}

// ErrNoFields is returned by UpdateUser when there is nothing to change.
var ErrNoFields = errors.New("identity: no fields to update")

// coreFields are the engine's own fields of users that clients may set. Texts
// has their lengths.
var coreFields = [...]Field{
	{Name: "name", Type: store.String, Required: true, MaxLength: math.MaxInt}, {Name: "image", Type: store.String, MaxLength: math.MaxInt},
}

// UpdateUser changes fields of a user and returns it as it will be stored: set
// is the caller's, input a client's, of which only fields that are open to
// clients are taken. updatedAt follows by itself; id and createdAt cannot be
// changed.
func (s *Service) UpdateUser(ctx context.Context, w store.Work, id string, set, input *document.Object) (*store.Record, error) {
	before, err := w.Tx.Get(ctx, User, id)
	if err != nil {
		return nil, err
	}
	previous := before.Fields.Clone()
	change := set.Clone()
	if err := TakeInput(s.fields, change, input); err != nil {
		return nil, err
	}
	if change.Len() == 0 {
		return nil, ErrNoFields
	}
	for _, f := range coreFields {
		if v := change.Get(f.Name); !v.IsAbsent() {
			if _, err := f.accept(v); err != nil {
				return nil, err
			}
		}
	}
	change.Set("updatedAt", document.Time(w.Now))
	if err := w.Hooks.Verdict(ctx, "user.updating", change, previous); err != nil {
		return nil, err
	}
	if err := normalize(change); err != nil {
		return nil, err
	}
	if err := s.texts.check(change); err != nil {
		return nil, err
	}
	change.Delete("id")
	change.Delete("createdAt")
	after, err := w.Tx.Update(ctx, User, id, change)
	if err != nil {
		return nil, err
	}
	if previous.Get("email").Str() != after.Str("email") {
		if err := s.noteAddressChange(ctx, w.Tx, id, w.Now); err != nil {
			return nil, err
		}
	}
	w.Hooks.Happened("user.updated", after, previous)
	return after, nil
}

// DeleteUser deletes a user with everything that refers to it.
func (s *Service) DeleteUser(ctx context.Context, w store.Work, id string) error {
	user, err := w.Tx.Get(ctx, User, id)
	if err != nil {
		return err
	}
	if err := w.Hooks.Verdict(ctx, "user.deleting", user.Fields.Clone(), nil); err != nil {
		return err
	}
	if err := w.Tx.Delete(ctx, User, id); err != nil {
		return err
	}
	w.Hooks.Happened("user.deleted", store.Gone(user), nil)
	return nil
}

// FindAccount returns a user's account at a provider.
func (s *Service) FindAccount(ctx context.Context, tx *store.Tx, userID, providerID string) (*store.Record, error) {
	return tx.Find(ctx, Account, "userId+providerId", document.Text(userID), document.Text(providerID))
}

// FindLinked returns the account that a provider knows by an id.
func (s *Service) FindLinked(ctx context.Context, tx *store.Tx, providerID, accountID string) (*store.Record, error) {
	return tx.Find(ctx, Account, "providerId+accountId", document.Text(providerID), document.Text(accountID))
}

// UpdateAccount changes fields of an account, and returns it. Whose account it
// is, at which provider, and its password stay as they are. Hooks see no
// secrets.
func (s *Service) UpdateAccount(ctx context.Context, w store.Work, account *store.Record, set *document.Object) (*store.Record, error) {
	change := WithoutSecrets(set).Set("updatedAt", document.Time(w.Now))
	if err := w.Hooks.Verdict(ctx, "account.updating", change, WithoutSecrets(account.Fields)); err != nil {
		return nil, err
	}
	for _, name := range [...]string{"accessToken", "refreshToken", "idToken"} {
		change.Delete(name)
		if v := set.Get(name); !v.IsAbsent() {
			change.Set(name, v)
		}
	}
	for _, name := range [...]string{"id", "userId", "providerId", "accountId", "password", "createdAt"} {
		change.Delete(name)
	}
	after, err := w.Tx.Update(ctx, Account, account.ID, change)
	if err == nil {
		w.Hooks.Happened("account.updated", withoutSecrets(after), WithoutSecrets(account.Fields))
	}
	return after, err
}

// MaxAccounts bounds how many accounts of one user are listed.
const MaxAccounts = 200

// ListAccounts returns the accounts of a user, the oldest first.
func (s *Service) ListAccounts(ctx context.Context, tx *store.Tx, userID string) ([]*store.Record, error) {
	page, err := tx.List(ctx, store.Query{Model: Account, Index: "userId+providerId", Key: []document.Value{document.Text(userID)}, Limit: MaxAccounts})
	slices.SortStableFunc(page.Records, func(a, b *store.Record) int { return strings.Compare(a.Str("createdAt"), b.Str("createdAt")) })
	return page.Records, err
}

// DeleteAccount unlinks an account.
func (s *Service) DeleteAccount(ctx context.Context, w store.Work, rec *store.Record) error {
	if err := w.Hooks.Verdict(ctx, "account.deleting", WithoutSecrets(rec.Fields), nil); err != nil {
		return err
	}
	if err := w.Tx.Delete(ctx, Account, rec.ID); err != nil {
		return err
	}
	w.Hooks.Happened("account.deleted", store.Gone(withoutSecrets(rec)), nil)
	return nil
}

// VerifyPassword checks a user's password. Without a user or a password it
// spends the same time and reports false. A hash in an outdated format is
// replaced within the unit of work. If the password is right, the unit of
// work conflicts with a concurrent change of it, so that an old password
// cannot win a session from a new one.
func (s *Service) VerifyPassword(ctx context.Context, tx *store.Tx, user *store.Record, password string, now time.Time) (bool, error) {
	var account *store.Record
	if user != nil {
		var err error
		account, err = s.FindAccount(ctx, tx, user.ID, CredentialProvider)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return false, err
		}
	} else if err := s.missUser(ctx, tx); err != nil {
		return false, err
	}
	if account == nil || account.Str("password") == "" {
		return false, hashing(s.passwords.Equalize(ctx, password))
	}
	ok, rehash, err := s.passwords.Verify(ctx, account.Str("password"), password)
	if err != nil || !ok {
		return false, hashing(err)
	}
	if rehash {
		hash, err := s.passwords.Hash(ctx, password)
		if err != nil {
			return true, nil // a busy hasher is no reason to refuse a right password
		}
		_, err = tx.Update(ctx, Account, account.ID, document.NewObject(2).Set("password", document.Text(hash)).Set("updatedAt", document.Time(now)))
		return true, err
	}
	return true, tx.Guard(ctx, Account, account.ID)
}

// nobody is an id that no user has, as long as those that are made.
const nobody = "nobody--------------------------"

// missUser looks for as much as is read of a user who was found and of the account
// with the password, and finds nothing.
func (s *Service) missUser(ctx context.Context, tx *store.Tx) error {
	if _, err := tx.Get(ctx, User, nobody); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return s.missAccount(ctx, tx, nobody)
}

// missAccount looks for as much as is read of the account with the password of a
// user, who is not there, and finds nothing.
func (s *Service) missAccount(ctx context.Context, tx *store.Tx, userID string) error {
	_, err := s.FindAccount(ctx, tx, userID, CredentialProvider)
	if errors.Is(err, store.ErrNotFound) {
		_, err = tx.Get(ctx, Account, userID)
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// SetPassword sets a user's password and creates the credential account if
// there is none.
func (s *Service) SetPassword(ctx context.Context, w store.Work, userID, password string) error {
	account, err := s.FindAccount(ctx, w.Tx, userID, CredentialProvider)
	if errors.Is(err, store.ErrNotFound) {
		_, err = s.CreateAccount(ctx, w, NewAccount{UserID: userID, ProviderID: CredentialProvider, Password: password})
		return err
	}
	if err != nil {
		return err
	}
	if err := s.CheckPassword(ctx, w.Hooks, password); err != nil {
		return err
	}
	hash, err := s.passwords.Hash(ctx, password)
	if err != nil {
		return hashing(err)
	}
	set := document.NewObject(2).Set("updatedAt", document.Time(w.Now))
	if err := w.Hooks.Verdict(ctx, "account.updating", set, WithoutSecrets(account.Fields)); err != nil {
		return err
	}
	for _, name := range accountSecrets {
		set.Delete(name)
	}
	set.Delete("userId")
	set.Set("password", document.Text(hash))
	after, err := w.Tx.Update(ctx, Account, account.ID, set)
	if err == nil {
		w.Hooks.Happened("account.updated", withoutSecrets(after), WithoutSecrets(account.Fields))
	}
	return err
}

// Equalize spends the time of a password check.
func (s *Service) Equalize(ctx context.Context, password string) error {
	return hashing(s.passwords.Equalize(ctx, password))
}

// NormalizeEmail brings an address into the form in which addresses are stored,
// found and unique: in lower case, as Better Auth stores them, and without the
// spaces around it that some providers and databases leave there.
func NormalizeEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// accountSecrets are the account fields that stay on the host.
var accountSecrets = [...]string{"password", "accessToken", "refreshToken", "idToken"}

// WithoutSecrets returns a copy of an account's fields for guests: without
// the password's hash and the tokens of the provider.
func WithoutSecrets(account *document.Object) *document.Object {
	c := account.Clone()
	for _, name := range accountSecrets {
		c.Delete(name)
	}
	return c
}

// normalize brings the address in a user's fields, if there is one, into the
// form in which addresses are unique.
func normalize(user *document.Object) error {
	email := user.Get("email")
	if email.IsAbsent() {
		return nil
	}
	address := NormalizeEmail(email.Str())
	if address == "" {
		return &store.InvalidError{Model: User, Field: "email", Reason: "not an address"}
	}
	user.Set("email", document.Text(address))
	return nil
}

func textOr(v document.Value, fallback string) document.Value {
	if v.Kind() == document.String {
		return v
	}
	return document.Text(fallback)
}

// hashing turns the errors of a hasher into answers for the client.
func hashing(err error) error {
	switch {
	case errors.Is(err, secret.ErrBusy):
		return apierror.New(http.StatusServiceUnavailable, "TOO_BUSY", "The server is busy. Please try again shortly.").WithCause(err)
	case errors.Is(err, secret.ErrPasswordTooLong):
		return apierror.New(http.StatusBadRequest, "PASSWORD_TOO_LONG", "Password too long").WithCause(err)
	}
	return err
}
