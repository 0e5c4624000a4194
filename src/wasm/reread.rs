//! The model's file once more, by a function of JavaScript: the cache's entry, or the file itself.

use std::cell::RefCell;

use js_sys::{Function, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use crate::error::{Error, ErrorKind, Result};
use crate::local::load::Reread;

thread_local! {
    /// JavaScript's values stay with their thread, which is this instance's only one; tract's operators must not mind.
    static READERS: RefCell<Vec<Option<Function>>> = const { RefCell::new(Vec::new()) };
}

/// `(offset, length) => Uint8Array`, which throws where the bytes are gone.
#[derive(Debug)]
pub(crate) struct FileReader {
    at: usize,
}

impl FileReader {
    pub(crate) fn new(read: Function) -> Self {
        let at = READERS.with_borrow_mut(|readers| {
            readers.push(Some(read));
            readers.len() - 1
        });
        Self { at }
    }
}

impl Reread for FileReader {
    fn read(&self, offset: u64, into: &mut [u8]) -> Result<()> {
        let gone = || Error::new(ErrorKind::Internal, "the model's file is gone");
        let read = READERS.with_borrow(|readers| readers.get(self.at).cloned().flatten()).ok_or_else(gone)?;
        let bytes =
            read.call2(&JsValue::NULL, &JsValue::from_f64(offset as f64), &JsValue::from_f64(into.len() as f64));
        let bytes = bytes.ok().and_then(|bytes| bytes.dyn_into::<Uint8Array>().ok());
        let bytes = bytes.filter(|bytes| bytes.length() as usize == into.len()).ok_or_else(gone)?;
        bytes.copy_to(into);
        Ok(())
    }
}

impl Drop for FileReader {
    fn drop(&mut self) {
        READERS.with_borrow_mut(|readers| readers.get_mut(self.at).map(Option::take));
    }
}
