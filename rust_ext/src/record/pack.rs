//! msgpack as msgspec writes it: every number and text in its shortest form.

/// Appends msgpack to bytes.
pub struct Packer<'a> {
    pub out: &'a mut Vec<u8>,
}

impl Packer<'_> {
    #[inline]
    pub fn nil(&mut self) {
        self.out.push(0xc0);
    }

    #[inline]
    pub fn bool(&mut self, value: bool) {
        self.out.push(if value { 0xc3 } else { 0xc2 });
    }

    /// An integer in its shortest form; negative ones are signed, others unsigned.
    #[inline]
    pub fn int(&mut self, value: i64) {
        if (0..128).contains(&value) {
            self.out.push(value as u8);
        } else if value >= 0 {
            self.unsigned(value as u64);
        } else {
            self.negative(value);
        }
    }

    fn unsigned(&mut self, value: u64) {
        if let Ok(small) = u8::try_from(value) {
            self.out.extend([0xcc, small]);
        } else if let Ok(small) = u16::try_from(value) {
            self.out.push(0xcd);
            self.out.extend(small.to_be_bytes());
        } else if let Ok(small) = u32::try_from(value) {
            self.out.push(0xce);
            self.out.extend(small.to_be_bytes());
        } else {
            self.out.push(0xcf);
            self.out.extend(value.to_be_bytes());
        }
    }

    fn negative(&mut self, value: i64) {
        if value >= -32 {
            self.out.push(value as i8 as u8);
        } else if let Ok(small) = i8::try_from(value) {
            self.out.extend([0xd0, small as u8]);
        } else if let Ok(small) = i16::try_from(value) {
            self.out.push(0xd1);
            self.out.extend(small.to_be_bytes());
        } else if let Ok(small) = i32::try_from(value) {
            self.out.push(0xd2);
            self.out.extend(small.to_be_bytes());
        } else {
            self.out.push(0xd3);
            self.out.extend(value.to_be_bytes());
        }
    }

    /// An integer of 64 bits without a sign, in its shortest form.
    #[inline]
    pub fn wide(&mut self, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.int(value),
            Err(_) => self.unsigned(value),
        }
    }

    #[inline]
    pub fn text(&mut self, text: &str) {
        let length = text.len();
        if length < 32 {
            self.out.push(0xa0 | length as u8);
        } else if let Ok(small) = u8::try_from(length) {
            self.out.extend([0xd9, small]);
        } else if let Ok(small) = u16::try_from(length) {
            self.out.push(0xda);
            self.out.extend(small.to_be_bytes());
        } else {
            self.out.push(0xdb);
            self.out.extend((length as u32).to_be_bytes());
        }
        self.out.extend_from_slice(text.as_bytes());
    }

    #[inline]
    pub fn map(&mut self, length: u16) {
        if length < 16 {
            self.out.push(0x80 | length as u8);
        } else {
            self.out.push(0xde);
            self.out.extend(length.to_be_bytes());
        }
    }

    #[inline]
    pub fn array(&mut self, length: usize) {
        if length < 16 {
            self.out.push(0x90 | length as u8);
        } else if let Ok(small) = u16::try_from(length) {
            self.out.push(0xdc);
            self.out.extend(small.to_be_bytes());
        } else {
            self.out.push(0xdd);
            self.out.extend((length as u32).to_be_bytes());
        }
    }

    /// A client order id: a text of 32 hex digits.
    #[inline]
    pub fn id(&mut self, id: u128) {
        self.out.extend([0xd9, 32]);
        self.out.extend_from_slice(&hex(id));
    }

    /// A whole number as text.
    pub fn digits(&mut self, mut number: u64) {
        let mut text = [0; 20];
        let mut at = text.len();
        loop {
            at -= 1;
            text[at] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.out.push(0xa0 | (text.len() - at) as u8);
        self.out.extend_from_slice(&text[at..]);
    }

    #[inline]
    pub fn optional(&mut self, value: Option<i64>) {
        match value {
            Some(value) => self.int(value),
            None => self.nil(),
        }
    }
}

/// 32 lower-case hex digits of a client order id.
pub fn hex(id: u128) -> [u8; 32] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 32];
    for (pair, byte) in text.chunks_exact_mut(2).zip(id.to_be_bytes()) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    text
}
