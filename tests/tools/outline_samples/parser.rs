//! A small parser.
//! It reads numbers.

use std::collections::HashMap;
use std::fmt::{self, Display};

/// The deepest nesting.
pub const MAX_DEPTH: usize = 64;

/// What can go wrong.
#[derive(Debug, Clone)]
pub enum ParseError<'a> {
    /// The text ended.
    End,
    Unexpected { at: usize, text: &'a str },
}

#[derive(Default)]
pub struct Parser<'a, T: Display> {
    text: &'a str,
    pub known: HashMap<String, T>,
}

pub struct Unit;
pub struct Pair(pub i32, i32);

/// Something that reads.
pub trait Reader {
    type Item;
    const NAME: &'static str;
    fn next(&mut self) -> Option<Self::Item>;
    fn skip(&mut self, count: usize) {
        for _ in 0..count { self.next(); }
    }
}

impl<'a, T> Reader for Parser<'a, T>
where
    T: Display,
{
    type Item = u8;
    const NAME: &'static str = "parser";

    /// The next byte.
    #[inline]
    fn next(&mut self) -> Option<u8> {
        fn first(text: &str) -> Option<u8> {
            text.bytes().next()
        }
        first(self.text)
    }
}

pub async unsafe fn load<P>(path: P) -> Result<(), ParseError<'static>> where P: AsRef<str> {
    Ok(())
}

macro_rules! square {
    ($x:expr) => { $x * $x };
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_reads() { assert!(true); }
}
