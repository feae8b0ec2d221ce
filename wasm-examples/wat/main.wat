;; The sign-up rule in the text format. It shows what the ABI is without any
;; language around it.
(module
  (import "authhost_v1" "get" (func $get (param i32 i32 i32 i32) (result i64)))
  (import "authhost_v1" "set" (func $set (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)

  ;; Texts, each at the address that the code below names.
  (data (i32.const 0)   "record.email")          ;; 12 bytes
  (data (i32.const 16)  "config.blockedDomain")  ;; 20
  (data (i32.const 48)  "error.code")            ;; 10
  (data (i32.const 64)  "EMAIL_DOMAIN_NOT_ALLOWED") ;; 24
  (data (i32.const 96)  "error.message")         ;; 13
  (data (i32.const 112) "Addresses of this domain cannot sign up") ;; 39
  (data (i32.const 160) "claims.plan")           ;; 11
  (data (i32.const 176) "free")                  ;; 4

  ;; Reads a string of at most 512 bytes to an address. Returns its length, or
  ;; -1 if there is none.
  (func $string (param $path i32) (param $len i32) (param $out i32) (result i32)
    (local $r i64)
    (local.set $r (call $get (local.get $path) (local.get $len) (local.get $out) (i32.const 512)))
    (if (i64.ne (i64.shr_u (local.get $r) (i64.const 32)) (i64.const 4)) (then (return (i32.const -1))))
    (if (i32.gt_u (i32.wrap_i64 (local.get $r)) (i32.const 512)) (then (return (i32.const -1))))
    (i32.wrap_i64 (local.get $r)))

  ;; The byte at an address, as a small letter if it is an ASCII letter.
  (func $lower (param $at i32) (result i32)
    (local $c i32)
    (local.set $c (i32.load8_u (local.get $at)))
    (if (i32.lt_u (i32.sub (local.get $c) (i32.const 65)) (i32.const 26))
      (then (return (i32.add (local.get $c) (i32.const 32)))))
    (local.get $c))

  (func $userCreating (result i32)
    (local $email i32) (local $domain i32) (local $i i32)
    (local.set $email (call $string (i32.const 0) (i32.const 12) (i32.const 1024)))
    (local.set $domain (call $string (i32.const 16) (i32.const 20) (i32.const 2048)))
    (if (i32.or (i32.lt_s (local.get $email) (i32.const 0)) (i32.lt_s (local.get $domain) (i32.const 0)))
      (then (return (i32.const 3))))                       ;; failed
    ;; The address must be longer than the domain, with an @ before it.
    (local.set $email (i32.sub (local.get $email) (local.get $domain)))
    (if (i32.lt_s (local.get $email) (i32.const 1)) (then (return (i32.const 0))))
    (local.set $email (i32.add (local.get $email) (i32.const 1024)))
    (if (i32.ne (i32.load8_u (i32.sub (local.get $email) (i32.const 1))) (i32.const 64))
      (then (return (i32.const 0))))
    (block $same
      (loop $next
        (br_if $same (i32.ge_u (local.get $i) (local.get $domain)))
        (if (i32.ne (call $lower (i32.add (local.get $email) (local.get $i)))
                    (call $lower (i32.add (i32.const 2048) (local.get $i))))
          (then (return (i32.const 0))))                   ;; continue
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (drop (call $set (i32.const 48) (i32.const 10) (i32.const 4) (i32.const 64) (i32.const 24)))
    (drop (call $set (i32.const 96) (i32.const 13) (i32.const 4) (i32.const 112) (i32.const 39)))
    (i32.const 2))                                         ;; deny

  (func (export "authhost_call") (param $handler i32) (result i32)
    (if (i32.eq (local.get $handler) (i32.const 0)) (then (return (call $userCreating))))
    (if (i32.eq (local.get $handler) (i32.const 1))
      (then
        (if (i32.eqz (call $set (i32.const 160) (i32.const 11) (i32.const 4) (i32.const 176) (i32.const 4)))
          (then (return (i32.const 0))))))
    (i32.const 3)))
