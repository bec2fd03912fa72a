#![allow(non_upper_case_globals)]
// service_rust - a service in Rust, with its standard library: says a line when it starts. Of
// muster/plugin.h and muster/host.h it declares what it uses, each struct as the headers have it.
use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::mem::size_of;
use std::os::raw::{c_char, c_void};
use std::ptr::null;

#[repr(C)]
pub struct Table {
    size: u32,
    reserved: u32,
}

#[repr(C)]
pub struct HostLog {
    table: Table,
    write: unsafe extern "C" fn(*mut c_void, u32, *const c_char, ...),
}

#[repr(C)]
pub struct Host {
    table: Table,
    log: *const HostLog, // further groups follow
}

#[repr(C)]
pub struct Role {
    kind: u32,
    reserved: u32,
    vtable: *const Table,
}

#[repr(C)]
pub struct Plugin {
    magic: u32,
    abi_major: u16,
    abi_minor: u16,
    size: u32,
    flags: u32,
    name: *const c_char,
    version: *const c_char,
    description: *const c_char,
    roles: *const Role,
    role_count: u32,
    reserved: u32,
    config_schema: *const c_char,
    init: unsafe extern "C" fn(*mut c_void, *const Host, *mut *mut c_void) -> i32,
    start: unsafe extern "C" fn(*mut c_void) -> i32,
    drain: *const c_void,
    stop: *const c_void,
    fini: unsafe extern "C" fn(*mut c_void),
    check: *const c_void,
    before: *const c_char,
    after: *const c_char, // it ends here: what comes later reads as null
}
unsafe impl Sync for Plugin {}
unsafe impl Sync for Role {}

struct Hello {
    owner: *mut c_void,
    host: *const Host,
    words: BTreeMap<u32, String>,
}

unsafe extern "C" fn init(owner: *mut c_void, host: *const Host, out: *mut *mut c_void) -> i32 {
    let words = [(1, "hello"), (2, "from"), (3, "Rust")];
    let words = words.iter().map(|(place, word)| (*place, word.to_string())).collect();
    *out = Box::into_raw(Box::new(Hello { owner, host, words })) as *mut c_void;
    0
}

unsafe extern "C" fn start(instance: *mut c_void) -> i32 {
    let hello = &*(instance as *const Hello);
    let words: Vec<&str> = hello.words.values().map(String::as_str).collect();
    let line = CString::new(words.join(" ")).unwrap_or_default();
    let format: &CStr = CStr::from_bytes_with_nul_unchecked(b"%s\0");
    // 2: MUSTER_LOG_WARN, which is shown while a command is run, too.
    ((*(*hello.host).log).write)(hello.owner, 2, format.as_ptr(), line.as_ptr());
    0
}

unsafe extern "C" fn fini(instance: *mut c_void) {
    drop(Box::from_raw(instance as *mut Hello));
}

static SERVICE: Table = Table { size: size_of::<Table>() as u32, reserved: 0 };
static ROLES: [Role; 1] = [Role { kind: 9, reserved: 0, vtable: &SERVICE }];

#[no_mangle]
pub static muster_plugin_descriptor: Plugin = Plugin {
    magic: 0x5254534D,
    abi_major: 2,
    abi_minor: 0,
    size: size_of::<Plugin>() as u32,
    flags: 0,
    name: b"service_rust\0".as_ptr() as *const c_char,
    version: b"1.0.0\0".as_ptr() as *const c_char,
    description: b"Says hello.\0".as_ptr() as *const c_char,
    roles: ROLES.as_ptr(),
    role_count: 1,
    reserved: 0,
    config_schema: null(),
    init,
    start,
    drain: null(),
    stop: null(),
    fini,
    check: null(),
    before: null(),
    after: null(),
};
