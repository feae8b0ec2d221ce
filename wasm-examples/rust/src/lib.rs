//! The sign-up rule in Rust. `authhost` declares the imports; the rest is
//! ordinary code.

mod authhost {
    #[link(wasm_import_module = "authhost_v1")]
    extern "C" {
        fn get(path: *const u8, path_len: usize, out: *mut u8, cap: usize) -> u64;
        fn set(path: *const u8, path_len: usize, kind: u32, value: *const u8, len: usize) -> u32;
    }

    const STRING: u32 = 4;

    pub const CONTINUE: i32 = 0;
    pub const DENY: i32 = 2;
    pub const FAILED: i32 = 3;

    /// Reads a string of at most 512 bytes.
    pub fn get_string(path: &str) -> Option<String> {
        let mut buf = vec![0; 512];
        // Safe: the host writes at most buf.len() bytes to buf.
        let r = unsafe { get(path.as_ptr(), path.len(), buf.as_mut_ptr(), buf.len()) };
        let (kind, len) = ((r >> 32) as u32, r as u32 as usize);
        if kind != STRING || len > buf.len() {
            return None;
        }
        buf.truncate(len);
        String::from_utf8(buf).ok()
    }

    /// Writes a string, and tells whether the handler may write there.
    pub fn set_string(path: &str, value: &str) -> bool {
        // Safe: the host only reads, and only during the call.
        unsafe { set(path.as_ptr(), path.len(), STRING, value.as_ptr(), value.len()) == 0 }
    }
}

#[no_mangle]
pub extern "C" fn authhost_call(handler: i32) -> i32 {
    match handler {
        0 => user_creating().unwrap_or(authhost::FAILED),
        1 if authhost::set_string("claims.plan", "free") => authhost::CONTINUE,
        _ => authhost::FAILED,
    }
}

fn user_creating() -> Option<i32> {
    let email = authhost::get_string("record.email")?;
    let blocked = authhost::get_string("config.blockedDomain")?;
    match email.split_once('@') {
        Some((_, domain)) if domain.eq_ignore_ascii_case(&blocked) => {
            authhost::set_string("error.code", "EMAIL_DOMAIN_NOT_ALLOWED");
            authhost::set_string("error.message", "Addresses of this domain cannot sign up");
            Some(authhost::DENY)
        }
        _ => Some(authhost::CONTINUE),
    }
}
