package plugintest

import "math/big"

// The curve secp256k1 (SEC 2 section 2.4.1): y² = x³ + 7 over a prime field.
var (
	fieldPrime = hexInt("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f")
	groupOrder = hexInt("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
	basePoint  = point{
		hexInt("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"),
		hexInt("483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"),
	}
)

func hexInt(digits string) *big.Int {
	n, _ := new(big.Int).SetString(digits, 16)
	return n
}

// coordinateSize is the size of a coordinate, and of r and s, in bytes.
const coordinateSize = 32

// point is a point of the curve. The zero point is that at infinity.
type point struct{ x, y *big.Int }

// pointAt returns the point with coordinates, if it is one of the curve.
func pointAt(x, y *big.Int) (point, bool) {
	left := new(big.Int).Mul(y, y)
	on := x.Cmp(fieldPrime) < 0 && y.Cmp(fieldPrime) < 0 && left.Mod(left, fieldPrime).Cmp(cubic(x)) == 0
	return point{x, y}, on
}

// cubic is x³ + 7.
func cubic(x *big.Int) *big.Int {
	c := new(big.Int).Exp(x, big.NewInt(3), fieldPrime)
	return c.Mod(c.Add(c, big.NewInt(7)), fieldPrime)
}

// uncompressed writes a point of any curve, with coordinates of a size in bytes,
// without compression (SEC 1 section 2.3.3).
func uncompressed(x, y *big.Int, size int) []byte {
	out := make([]byte, 1+2*size)
	out[0] = 4
	x.FillBytes(out[1 : 1+size])
	y.FillBytes(out[1+size:])
	return out
}

// plus adds two points (SEC 1 section 2.2.1).
func (p point) plus(q point) point {
	slope, below := new(big.Int), new(big.Int)
	switch {
	case p.x == nil:
		return q
	case q.x == nil:
		return p
	case p.x.Cmp(q.x) != 0:
		slope.Sub(q.y, p.y)
		below.Sub(q.x, p.x)
	case p.y.Cmp(q.y) != 0:
		return point{}
	default:
		slope.Mul(big.NewInt(3), slope.Mul(p.x, p.x))
		below.Lsh(p.y, 1)
	}
	slope.Mul(slope, below.ModInverse(below.Mod(below, fieldPrime), fieldPrime))
	x := new(big.Int).Mul(slope, slope)
	x.Mod(x.Sub(x.Sub(x, p.x), q.x), fieldPrime)
	y := new(big.Int).Sub(p.x, x)
	y.Mod(y.Sub(y.Mul(y, slope), p.y), fieldPrime)
	return point{x, y}
}

// times multiplies a point by a number.
func (p point) times(n *big.Int) point {
	var sum point
	for i := n.BitLen() - 1; i >= 0; i-- {
		sum = sum.plus(sum)
		if n.Bit(i) == 1 {
			sum = sum.plus(p)
		}
	}
	return sum
}

// combined is a quotient of numbers for each of two points: (a/d)p + (b/d)q.
func combined(d, a *big.Int, p point, b *big.Int, q point) point {
	inverse := new(big.Int).ModInverse(d, groupOrder)
	over := func(n *big.Int) *big.Int {
		n = new(big.Int).Mul(n, inverse)
		return n.Mod(n, groupOrder)
	}
	return p.times(over(a)).plus(q.times(over(b)))
}

// inGroup reports whether r and s are of a signature.
func inGroup(r, s *big.Int) bool {
	return r.Sign() > 0 && s.Sign() > 0 && r.Cmp(groupOrder) < 0 && s.Cmp(groupOrder) < 0
}

// signed reports whether r and s are the signature of a key over a digest (SEC
// 1 section 4.1.4).
func (p point) signed(digest []byte, r, s *big.Int) bool {
	if !inGroup(r, s) {
		return false
	}
	sum := combined(s, new(big.Int).SetBytes(digest), basePoint, r, p)
	return sum.x != nil && new(big.Int).Mod(sum.x, groupOrder).Cmp(r) == 0
}

// recovered is the key whose signature r and s are (SEC 1 section 4.1.6); which
// is the parity of a coordinate.
func recovered(digest []byte, r, s *big.Int, which uint) (point, bool) {
	if !inGroup(r, s) {
		return point{}, false
	}
	y := new(big.Int).ModSqrt(cubic(r), fieldPrime)
	if y == nil {
		return point{}, false
	}
	if y.Bit(0) != which {
		y.Sub(fieldPrime, y)
	}
	minus := new(big.Int).Neg(new(big.Int).SetBytes(digest))
	key := combined(r, s, point{r, y}, minus, basePoint)
	return key, key.x != nil
}
