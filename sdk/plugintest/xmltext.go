package plugintest

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"slices"

	"github.com/authhost/authhost/sdk"
)

// signText plays xml.signText, with a real signature.
func (h *Host) signText(a Object) Object {
	alg := text(a["alg"])
	f := algorithmHashes[alg[2:]]
	sum := f.New()
	sum.Write([]byte(text(a["text"])))
	var signature []byte
	var err error
	switch key := h.xmlKey(a).(type) {
	case *rsa.PrivateKey:
		if alg[:2] == "RS" {
			signature, err = rsa.SignPKCS1v15(nil, key, f, sum.Sum(nil))
		}
	case *ecdsa.PrivateKey:
		if alg[:2] == "ES" {
			r, s, failed := ecdsa.Sign(rand.Reader, key, sum.Sum(nil))
			size := (key.Curve.Params().BitSize + 7) / 8
			signature, err = slices.Concat(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))), failed
		}
	}
	if signature == nil || err != nil {
		refuseWith(sdk.Invalid, "key", "the private key is not one for the algorithm")
	}
	return Object{"signature": base64.StdEncoding.EncodeToString(signature)}
}

// verifyText plays xml.verifyText.
func (h *Host) verifyText(a Object) Object {
	known, alg := xmlCertificates(a), text(a["alg"])
	signature := decoded("base64", a, "signature")
	if a["checkTime"] == true {
		known = slices.DeleteFunc(known, func(c *x509.Certificate) bool { return !goodAt(c, h.now) })
		if len(known) == 0 {
			refuseWith(sdk.Invalid, "expired", "the certificate's time has not come, or is over")
		}
	}
	sum := algorithmHashes[alg[2:]].New()
	sum.Write([]byte(text(a["text"])))
	for _, c := range known {
		_, isRSA := c.PublicKey.(*rsa.PublicKey)
		if isRSA == (alg[:2] == "RS") && verifies(alg, c.PublicKey, sum.Sum(nil), signature, false) {
			return Object{"certificate": base64.StdEncoding.EncodeToString(c.Raw)}
		}
	}
	refuseWith(sdk.Invalid, "signature", "the signature is not valid")
	return nil
}
