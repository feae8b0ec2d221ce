package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"strconv"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// Formats of other systems, whose users were imported. None is current, so that
// the first sign-in replaces the hash. A hash that asks for more work than a
// sign-in can bear is in no known format.
const (
	maxPBKDF2     = 2_000_000 // rounds; Django 5.2 makes 1,000,000
	maxPhpass     = 17        // logarithm of the rounds; WordPress makes 2^13
	maxScryptN    = 17        // logarithm
	maxScryptR    = 16
	maxScryptP    = 4
	maxForeign    = 1024 // characters of a stored hash
	minForeignKey = 16   // bytes
	maxForeignKey = 64   // bytes
)

// foreign is a format that is verified and never made.
type foreign struct {
	prefixes []string
	// cheap says that comparing costs next to nothing: then as much is spent as
	// for a hash of our own, so that an answer does not tell who was imported.
	cheap bool
	// check compares, or reports that the hash is malformed or too costly.
	check func(stored string, password []byte) (ok, known bool)
}

func (*foreign) hash([]byte) (string, error) { return "", ErrUnknownHash }

func (f *foreign) recognizes(stored string) bool {
	for _, p := range f.prefixes {
		if strings.HasPrefix(stored, p) {
			return len(stored) <= maxForeign
		}
	}
	return false
}

func (f *foreign) verify(stored string, password []byte) (ok, current bool, err error) {
	ok, known := f.check(stored, password)
	if !known {
		return false, false, ErrUnknownHash
	}
	return ok, false, nil
}

// foreignFormats lists them all.
func foreignFormats() []algorithm {
	return []algorithm{
		&foreign{prefixes: []string{"s2:"}, check: checkLucia},
		&foreign{prefixes: []string{"$fbscrypt$"}, check: checkFirebase},
		&foreign{prefixes: []string{"pbkdf2_sha256$", "pbkdf2_sha1$"}, check: checkDjango},
		&foreign{prefixes: []string{"$P$", "$H$"}, cheap: true, check: checkPhpass},
		&foreign{prefixes: []string{"md5$", "sha1$"}, cheap: true, check: checkSalted},
		&foreign{prefixes: []string{"{SMD5}", "{SSHA}", "{SSHA256}", "{SSHA384}", "{SSHA512}"}, cheap: true, check: checkLDAP},
		identityHash{},
	}
}

func same(got, want []byte) bool { return subtle.ConstantTimeCompare(got, want) == 1 }

// checkLucia is Lucia's "s2:" SALT ":" hex(KEY): scrypt with the parameters of
// Better Auth, whose format that became.
func checkLucia(stored string, password []byte) (ok, known bool) {
	salt, text, _ := strings.Cut(strings.TrimPrefix(stored, "s2:"), ":")
	want, err := hex.DecodeString(text)
	if err != nil || salt == "" || len(want) != scryptKey {
		return false, false
	}
	got, err := scrypt.Key(password, []byte(salt), scryptN, scryptR, scryptP, scryptKey)
	return err == nil && same(got, want), err == nil
}

// checkFirebase is Firebase's scrypt as Supabase Auth writes it, with the
// parameters of the project in each hash:
// $fbscrypt$v=1,n=14,r=8,p=1,ss=SEPARATOR,sk=SIGNER$SALT$HASH, in base64.
// The key that scrypt gives encrypts the signer key with AES-256-CTR.
func checkFirebase(stored string, password []byte) (ok, known bool) {
	parts := strings.Split(stored, "$")
	if len(parts) != 5 {
		return false, false
	}
	named := map[string]string{}
	for pair := range strings.SplitSeq(parts[2], ",") {
		name, value, _ := strings.Cut(pair, "=")
		named[name] = value
	}
	n, r, p := number(named["n"], maxScryptN), number(named["r"], maxScryptR), number(named["p"], maxScryptP)
	separator, err1 := base64.StdEncoding.DecodeString(named["ss"])
	signer, err2 := base64.StdEncoding.DecodeString(named["sk"])
	salt, err3 := base64.StdEncoding.DecodeString(parts[3])
	want, err4 := base64.StdEncoding.DecodeString(parts[4])
	if named["v"] != "1" || n == 0 || r == 0 || p == 0 || err1 != nil || err2 != nil || err3 != nil || err4 != nil || len(signer) < minForeignKey || len(want) != len(signer) {
		return false, false
	}
	key, err := scrypt.Key(password, append(salt, separator...), 1<<n, r, p, 32)
	if err != nil {
		return false, false
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return false, false
	}
	got := make([]byte, len(signer))
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(got, signer)
	return same(got, want), true
}

// number reads a number from 1 to a bound; 0 is none.
func number(text string, most int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0
	}
	return n
}

// checkDjango is Django's ALGORITHM "$" ROUNDS "$" SALT "$" base64(KEY).
func checkDjango(stored string, password []byte) (ok, known bool) {
	parts := strings.Split(stored, "$")
	if len(parts) != 4 {
		return false, false
	}
	digest := map[string]func() hash.Hash{"pbkdf2_sha256": sha256.New, "pbkdf2_sha1": sha1.New}[parts[0]]
	want, err := base64.StdEncoding.DecodeString(parts[3])
	if err != nil || digest == nil {
		return false, false
	}
	return checkPBKDF2(digest, password, []byte(parts[2]), number(parts[1], maxPBKDF2), want)
}

func checkPBKDF2(digest func() hash.Hash, password, salt []byte, rounds int, want []byte) (ok, known bool) {
	if rounds == 0 || len(salt) == 0 || len(want) < minForeignKey || len(want) > maxForeignKey {
		return false, false
	}
	got, err := pbkdf2.Key(digest, string(password), salt, rounds, len(want))
	return err == nil && same(got, want), err == nil
}

// identityHash is that of ASP.NET Core Identity, in base64: a byte with the
// version, then for 3 the number of the digest, the rounds and the length of the
// salt (each of 4 bytes, big endian), salt and key; for 2 a salt of 16 bytes and a
// key of 32 by PBKDF2 with SHA-1 and 1000 rounds.
type identityHash struct{}

const (
	identityV2Rounds = 1000
	identityV2Salt   = 16
	identityV2Size   = 1 + identityV2Salt + 32
	identityV3Head   = 1 + 4 + 4 + 4
)

func (identityHash) hash([]byte) (string, error) { return "", ErrUnknownHash }

func (identityHash) recognizes(stored string) bool {
	if len(stored) > maxForeign {
		return false
	}
	raw, err := base64.StdEncoding.DecodeString(stored)
	return err == nil && (len(raw) == identityV2Size && raw[0] == 0 || len(raw) > identityV3Head && raw[0] == 1)
}

func (identityHash) verify(stored string, password []byte) (ok, current bool, err error) {
	raw, err := base64.StdEncoding.DecodeString(stored)
	if err != nil {
		return false, false, ErrUnknownHash
	}
	ok, known := checkIdentity(raw, password)
	if !known {
		return false, false, ErrUnknownHash
	}
	return ok, false, nil
}

func checkIdentity(raw, password []byte) (ok, known bool) {
	if raw[0] == 0 {
		return checkPBKDF2(sha1.New, password, raw[1:1+identityV2Salt], identityV2Rounds, raw[1+identityV2Salt:])
	}
	digests := []func() hash.Hash{sha1.New, sha256.New, sha512.New}
	digest, rounds, salt := binary.BigEndian.Uint32(raw[1:]), binary.BigEndian.Uint32(raw[5:]), binary.BigEndian.Uint32(raw[9:])
	rest := raw[identityV3Head:]
	if digest >= uint32(len(digests)) || rounds > maxPBKDF2 || uint64(salt) > uint64(len(rest)) {
		return false, false
	}
	return checkPBKDF2(digests[digest], password, rest[:salt], int(rounds), rest[salt:])
}

// phpassAlphabet is that of crypt(3), lowest bits first.
const phpassAlphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// checkPhpass is the portable hash of phpass, as WordPress ($P$) and phpBB ($H$)
// have it: a character for the rounds, a salt of 8, and 22 for the MD5.
func checkPhpass(stored string, password []byte) (ok, known bool) {
	const head, size = 12, 34
	if len(stored) != size {
		return false, false
	}
	log := strings.IndexByte(phpassAlphabet, stored[3])
	if log < 7 || log > maxPhpass {
		return false, false
	}
	sum := md5.Sum(append([]byte(stored[4:head]), password...))
	for range 1 << log {
		sum = md5.Sum(append(sum[:], password...))
	}
	return same([]byte(phpassText(sum[:])), []byte(stored[head:])), true
}

// phpassText writes three bytes as four characters, the last ones shorter.
func phpassText(sum []byte) string {
	var out []byte
	for i := 0; i < len(sum); i += 3 {
		var v uint32
		n := min(3, len(sum)-i)
		for j := range n {
			v |= uint32(sum[i+j]) << (8 * j)
		}
		for range n + 1 {
			out = append(out, phpassAlphabet[v&63])
			v >>= 6
		}
	}
	return string(out)
}

// checkSalted is Django's NAME "$" SALT "$" hex(DIGEST(SALT + PASSWORD)).
func checkSalted(stored string, password []byte) (ok, known bool) {
	parts := strings.Split(stored, "$")
	if len(parts) != 3 {
		return false, false
	}
	h := map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New}[parts[0]]()
	want, err := hex.DecodeString(parts[2])
	if err != nil || len(want) != h.Size() {
		return false, false
	}
	h.Write([]byte(parts[1]))
	h.Write(password)
	return same(h.Sum(nil), want), true
}

// checkLDAP is a userPassword of LDAP directories (RFC 2307 and what came after
// it): "{NAME}" base64(DIGEST(PASSWORD + SALT) + SALT).
func checkLDAP(stored string, password []byte) (ok, known bool) {
	name, text, _ := strings.Cut(stored[1:], "}")
	h := map[string]func() hash.Hash{"SMD5": md5.New, "SSHA": sha1.New, "SSHA256": sha256.New, "SSHA384": sha512.New384, "SSHA512": sha512.New}[name]()
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) <= h.Size() {
		return false, false
	}
	h.Write(password)
	h.Write(raw[h.Size():])
	return same(h.Sum(nil), raw[:h.Size()]), true
}
