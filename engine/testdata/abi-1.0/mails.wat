;; A hook that cannot work without a permission since ABI 1.1.
(module
  (import "authhost_v1" "get" (func $get (param i32 i32 i32 i32) (result i64)))
  (import "authhost_v1" "set" (func $set (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "record.to")
  (data (i32.const 10) "eve@example.com")
  (func (export "authhost_call") (param $handler i32) (result i32)
    (if (i32.eq (local.get $handler) (i32.const 1)) (then
      (drop (call $set (i32.const 0) (i32.const 9) (i32.const 4) (i32.const 10) (i32.const 15)))
      (return (i32.const 0))))
    (i32.const 3)))
