#!/usr/bin/env bash
# Makes the files of this folder anew, with OpenSSL, xmlsec1 (libxmlsec1-openssl)
# and xmllint (libxml2-utils): certificates, documents signed by
# another implementation, and canonical forms as libxml2 has them.
set -euo pipefail
cd "$(dirname "$0")"

keys=$(mktemp -d)
trap 'rm -r "$keys"' EXIT
for name in rsa other; do openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$keys/$name"; done
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out "$keys/weak"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$keys/ec256"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out "$keys/ec384"
for name in rsa other weak ec256 ec384; do
  openssl req -x509 -new -key "$keys/$name" -sha256 -days 365 -subj "/CN=$name" -out "$name.crt"
done

# signed NAME KEY METHOD DIGEST FORM [PARAMETER]: a response whose assertion is signed.
signed() {
  sed -e "s|METHOD|$3|" -e "s|DIGEST|$4|" -e "s|PARAMETER|${6:-}|" -e "s|FORM|$5|g" template.xml > "$keys/template"
  xmlsec1 --sign --privkey-pem "$keys/$2,$2.crt" --id-attr:ID urn:oasis:names:tc:SAML:2.0:assertion:Assertion \
    --output "$1.xml" "$keys/template"
}
more=http://www.w3.org/2001/04/xmldsig-more enc=http://www.w3.org/2001/04/xmlenc old=http://www.w3.org/2000/09/xmldsig
exclusive=http://www.w3.org/2001/10/xml-exc-c14n# inclusive=http://www.w3.org/TR/2001/REC-xml-c14n-20010315
signed rs256 rsa "$more#rsa-sha256" "$enc#sha256" "$exclusive"
signed rs384 rsa "$more#rsa-sha384" "$more#sha384" "$exclusive"
signed rs512 rsa "$more#rsa-sha512" "$enc#sha512" "$exclusive"
signed es256 ec256 "$more#ecdsa-sha256" "$enc#sha256" "$exclusive"
signed es384 ec384 "$more#ecdsa-sha384" "$more#sha384" "$exclusive"
signed rs1 rsa "$old#rsa-sha1" "$old#sha1" "$exclusive"
signed digest1 rsa "$more#rsa-sha256" "$old#sha1" "$exclusive"
signed inclusive rsa "$more#rsa-sha256" "$enc#sha256" "$inclusive"
signed inclusive11 rsa "$more#rsa-sha256" "$enc#sha256" http://www.w3.org/2006/12/xml-c14n11
signed comments rsa "$more#rsa-sha256" "$enc#sha256" "${exclusive}WithComments"
signed prefixes rsa "$more#rsa-sha256" "$enc#sha256" "$exclusive" \
  '<ec:InclusiveNamespaces xmlns:ec="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="xs"/>'
signed weak weak "$more#rsa-sha256" "$enc#sha256" "$exclusive"

# The classic forgery: an HMAC whose secret is the public key that everybody has.
openssl x509 -in rsa.crt -pubkey -noout > "$keys/public"
sed -e "s|METHOD|$more#hmac-sha256|" -e "s|DIGEST|$enc#sha256|" -e "s|PARAMETER||" -e "s|FORM|$exclusive|g" template.xml > "$keys/template"
xmlsec1 --sign --hmackey "$keys/public" --id-attr:ID urn:oasis:names:tc:SAML:2.0:assertion:Assertion --output hmac.xml "$keys/template"

for name in canonical rs256; do
  xmllint --exc-c14n "$name.xml" > "$name.exclusive"
  xmllint --c14n "$name.xml" > "$name.inclusive"
done
