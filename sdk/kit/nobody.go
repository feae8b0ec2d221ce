package kit

// Nobody is an id that no user has. It stands for the user of an address that
// nobody has, where an answer must not tell that: a token about Nobody costs what
// one about a user does, has the same length, and is void.
const Nobody = "nobody--------------------------"
