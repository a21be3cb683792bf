//! A plain local file that is followed: whole lines only, and what happens to the file under its name.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::{Content, Fetched};

/// Files are read in steps of this size.
const STEP_BYTES: usize = 8 << 20;
/// A line that reaches this size without its newline is passed on as it is.
const LINE_BYTES: usize = 64 << 20;

/// What a look at a file's name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing new.
    Same,
    /// More bytes.
    Grown,
    /// The name now means another file.
    Rotated,
    /// The file was cut.
    Truncated,
    /// The name is gone.
    Gone,
    /// It was empty, and what came is gzip: nothing to follow line by line.
    Compressed,
}

/// New whole lines of a file.
#[derive(Debug)]
pub struct Grown {
    /// Where they start in the file.
    pub offset: u64,
    /// The lines.
    pub bytes: Vec<u8>,
}

/// A followed file.
#[derive(Debug)]
pub struct Tail {
    /// Index of its object.
    pub index: u32,
    /// What tells it from other files, taken while it was there.
    pub key: PathBuf,
    path: PathBuf,
    /// Kept open, so that what was written before a rotation can still be read.
    held: Option<File>,
    identity: (u64, u64),
    /// End of the last line passed on.
    offset: u64,
    /// Size at the last look.
    size: u64,
}

impl Tail {
    /// Opens a file: its first lines as a content, and the tail to follow it by, which gives the rest; gzip is handed
    /// out whole, without a tail. `hold` keeps the file open.
    pub fn open(path: &Path, index: u32, hold: bool) -> io::Result<(Option<Self>, Content)> {
        let mut file = File::open(path)?;
        if is_gzip(&mut file)? {
            return Ok((None, Content::File(path.to_owned())));
        }
        let meta = file.metadata()?;
        let mut tail = Self {
            index,
            key: path.to_owned(),
            path: path.to_owned(),
            held: hold.then_some(file),
            identity: identity(&meta),
            offset: 0,
            size: meta.len(),
        };
        let first = tail.grow()?.map_or_else(Vec::new, |grown| grown.bytes);
        Ok((Some(tail), Content::Bytes(Fetched::from(first))))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks at the file under the name.
    pub fn look(&mut self) -> Fate {
        let Ok(meta) = std::fs::metadata(&self.path) else {
            return Fate::Gone;
        };
        if identity(&meta) != self.identity {
            return Fate::Rotated;
        }
        let before = std::mem::replace(&mut self.size, meta.len());
        match self.size {
            size if size < before || size < self.offset => Fate::Truncated,
            size if size == before => Fate::Same,
            _ if self.offset == 0
                && self
                    .reader()
                    .and_then(|mut f| is_gzip(&mut f))
                    .unwrap_or(false) =>
            {
                Fate::Compressed
            }
            _ => Fate::Grown,
        }
    }

    /// The next new whole lines; `None` until there are some.
    pub fn grow(&mut self) -> io::Result<Option<Grown>> {
        let mut file = self.reader()?;
        let mut bytes = Vec::new();
        let mut limit = STEP_BYTES;
        loop {
            (&mut file)
                .take((limit - bytes.len()) as u64)
                .read_to_end(&mut bytes)?;
            if let Some(last) = memchr::memrchr(b'\n', &bytes) {
                bytes.truncate(last + 1);
                return Ok(Some(self.pass(bytes)));
            }
            if bytes.len() < limit {
                return Ok(None);
            }
            if limit >= LINE_BYTES {
                return Ok(Some(self.pass(bytes)));
            }
            limit *= 2;
        }
    }

    /// The last line of a file that nobody will write to any more, given the newline it lacks.
    pub fn last_line(&mut self) -> io::Result<Option<Grown>> {
        let Some(held) = &self.held else {
            return Ok(None);
        };
        let mut file = held.try_clone()?;
        file.seek(SeekFrom::Start(self.offset))?;
        let mut bytes = Vec::new();
        file.take(LINE_BYTES as u64).read_to_end(&mut bytes)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        bytes.push(b'\n');
        Ok(Some(self.pass(bytes)))
    }

    /// Whether the file itself, not only its name, is in hand.
    pub fn is_held(&self) -> bool {
        self.held.is_some()
    }

    fn pass(&mut self, bytes: Vec<u8>) -> Grown {
        let offset = self.offset;
        self.offset += bytes.len() as u64;
        Grown { offset, bytes }
    }

    fn reader(&self) -> io::Result<File> {
        let mut file = match &self.held {
            Some(held) => held.try_clone()?,
            None => File::open(&self.path)?,
        };
        file.seek(SeekFrom::Start(self.offset))?;
        Ok(file)
    }
}

/// Whether a file starts as gzip does.
///
/// # Source
/// RFC 1952, section 2.3.1.
pub fn is_gzip(file: &mut File) -> io::Result<bool> {
    file.rewind()?;
    let mut magic = Vec::with_capacity(2);
    file.take(2).read_to_end(&mut magic)?;
    Ok(magic == [0x1f, 0x8b])
}

#[cfg(unix)]
fn identity(meta: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (meta.dev(), meta.ino())
}

/// Without inodes only truncation is noticed.
#[cfg(not(unix))]
fn identity(_: &Metadata) -> (u64, u64) {
    (0, 0)
}
