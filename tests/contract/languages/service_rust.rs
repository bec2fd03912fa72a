// service_rust - a service in Rust, with its standard library: a console command adds up the numbers
// behind it. What the host is comes from muster's headers, as bindgen reads them.
use std::ffi::{CStr, CString};
use std::mem::{size_of, transmute};
use std::os::raw::{c_char, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::copy_nonoverlapping;

#[allow(dead_code, non_camel_case_types, non_upper_case_globals)]
mod muster {
    include!(concat!(env!("OUT_DIR"), "/muster.rs"));
}
use muster::*;

struct Adder {
    owner: *mut muster_self,
    host: *const muster_host,
    lines: Vec<String>,
}

impl Adder {
    fn add(&mut self, text: &str) -> Result<i64, std::num::ParseIntError> {
        self.lines.push(text.to_string());
        let numbers: Result<Vec<i64>, _> = text.split_whitespace().map(str::parse).collect();
        Ok(numbers?.iter().sum()) // panics above what 64 bits hold
    }

    fn log(&self, text: &str) {
        let line = CString::new(text).unwrap_or_default();
        unsafe {
            let write = (*(*self.host).log).write.unwrap();
            write(self.owner, MUSTER_LOG_WARN, "%s\0".as_ptr() as *const c_char, line.as_ptr());
        }
    }
}

/// muster_put_bytes, which is code in a header, and so not in the bindings.
unsafe fn put(out: &mut muster_writer, text: &str) {
    let len = text.len() as u32;
    if len > out.cap - out.len {
        out.overflow = 1;
        return;
    }
    copy_nonoverlapping(text.as_ptr(), out.data.add(out.len as usize), text.len());
    out.len += len;
}

// No panic may leave a function that the host calls.
unsafe extern "C" fn on_add(user: *mut c_void, arguments: *const c_char, answer: *mut muster_writer) {
    let adder = &mut *(user as *mut Adder);
    let text = CStr::from_ptr(arguments).to_string_lossy();
    let sum = catch_unwind(AssertUnwindSafe(|| adder.add(&text)));
    let line = match sum {
        Ok(Ok(sum)) => format!("sum {}", sum),
        Ok(Err(_)) => "FAILED: expected numbers".to_string(),
        Err(_) => {
            adder.log("a panic was caught");
            "FAILED: too large".to_string()
        }
    };
    put(&mut *answer, &line);
}

unsafe extern "C" fn init(
    owner: *mut muster_self,
    host: *const muster_host,
    instance: *mut *mut c_void,
) -> muster_status {
    let adder = Box::into_raw(Box::new(Adder { owner, host, lines: Vec::new() })) as *mut c_void;
    let name = "add_service_rust\0".as_ptr() as *const c_char;
    let help = "adds up\0".as_ptr() as *const c_char;
    let status = (*(*host).admin).command_add.unwrap()(owner, name, help, Some(on_add), adder);
    if status == MUSTER_OK {
        *instance = adder;
    } else {
        fini(adder);
    }
    status
}

unsafe extern "C" fn fini(instance: *mut c_void) {
    drop(Box::from_raw(instance as *mut Adder));
}

/// Constants: the host reads them before any code runs, and nobody writes to them.
#[repr(transparent)]
pub struct Shared<T>(T);
unsafe impl<T> Sync for Shared<T> {}

static SERVICE: Shared<muster_service> =
    Shared(muster_service { size: size_of::<muster_service>() as u32, reserved: 0 });

static ROLES: [Shared<muster_role>; 1] = [Shared(muster_role {
    kind: MUSTER_ROLE_SERVICE,
    reserved: 0,
    vtable: &SERVICE as *const _ as *const c_void,
})];

/// What is not named is null, as in C: a struct of newer headers fits all the same.
const UNSET: muster_plugin = unsafe { transmute([0u8; size_of::<muster_plugin>()]) };

#[allow(non_upper_case_globals)]
#[no_mangle]
pub static muster_plugin_descriptor: Shared<muster_plugin> = Shared(muster_plugin {
    magic: MUSTER_PLUGIN_MAGIC,
    abi_major: MUSTER_ABI_MAJOR as u16,
    abi_minor: MUSTER_ABI_MINOR as u16,
    size: size_of::<muster_plugin>() as u32,
    name: "service_rust\0".as_ptr() as *const c_char,
    version: "1.0.0\0".as_ptr() as *const c_char,
    description: "Adds up.\0".as_ptr() as *const c_char,
    roles: &ROLES as *const _ as *const muster_role,
    role_count: 1,
    init: Some(init),
    fini: Some(fini),
    ..UNSET
});
