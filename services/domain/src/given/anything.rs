//! Whatever a command can be asked: values of any type that can be read, made up from small pools.
//!
//! A reader of a type says what it expects, field by field; here it is answered by chance. So every
//! command can be tried without anything written for it, and a new one needs a line in a table.

mod tests;

use std::collections::BTreeMap;

use serde::{
    Deserialize,
    de::{
        DeserializeSeed, Deserializer, EnumAccess, Error as _, Expected, IntoDeserializer,
        MapAccess, SeqAccess, VariantAccess, Visitor,
        value::{Error, StrDeserializer},
    },
};
use uuid::Uuid;

/// A stream of numbers that follows from its seed (splitmix64).
#[derive(Debug, Clone)]
pub(super) struct Chance(pub(super) u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// One of so many.
    pub(super) fn of(&mut self, many: usize) -> usize {
        (self.next() % many.max(1) as u64) as usize
    }

    /// One of these.
    pub(super) fn one<T: Clone>(&mut self, these: &[T]) -> Option<T> {
        let at = self.of(these.len());
        these.get(at).cloned()
    }
}

/// What there is to name.
#[derive(Debug, Clone, Default)]
pub(super) struct Pool {
    /// Records by aggregate type.
    pub(super) records: BTreeMap<&'static str, Vec<Uuid>>,
    /// Organisations.
    pub(super) tenants: Vec<Uuid>,
    /// People.
    pub(super) people: Vec<Uuid>,
    /// Days.
    pub(super) days: Vec<String>,
}

const WORDS: [&str; 8] = [
    "MHWP",
    "adult_community",
    "severe_mental_illness",
    "problem_solving",
    "Something that somebody says.",
    "2",
    "bps",
    "WA1234567",
];
const NUMBERS: [u64; 10] = [0, 1, 2, 3, 4, 5, 7, 12, 60, 400];
const TENANTS: [&str; 12] = [
    "from",
    "to",
    "employer",
    "university",
    "commissioner",
    "network",
    "payee",
    "payer",
    "tenant",
    "auditor",
    "partner",
    "controller",
];

impl Pool {
    /// A value of a type, or `None` where chance made up something that it does not read.
    pub(super) fn value<T: for<'de> Deserialize<'de>>(&self, chance: &mut Chance) -> Option<T> {
        let anything = Anything {
            pool: self,
            chance,
            field: "",
        };
        T::deserialize(anything).ok()
    }

    fn id(&self, field: &str, chance: &mut Chance) -> Uuid {
        let fits = |kind: &&&str| kind.ends_with(field) || field.ends_with(**kind);
        let known: Vec<Uuid> = match field {
            field if TENANTS.contains(&field) => self.tenants.clone(),
            "person" | "people" | "other" | "members" => self.people.clone(),
            _ => {
                let fitting = self.records.keys().filter(fits);
                let mut fitting: Vec<_> = fitting.flat_map(|kind| &self.records[kind]).collect();
                if fitting.is_empty() || chance.of(16) == 0 {
                    fitting = self.records.values().flatten().collect();
                }
                fitting.into_iter().copied().collect()
            }
        };
        chance.one(&known).unwrap_or(Uuid::nil())
    }

    fn text(&self, expected: &str, field: &str, chance: &mut Chance) -> String {
        if expected.contains("UUID") {
            return self.id(field, chance).to_string();
        }
        let day = chance.one(&self.days).unwrap_or_default();
        if expected.contains("timestamp") {
            return format!("{day}T12:00:00Z");
        }
        if expected.contains("date") {
            return day;
        }
        match field {
            "role" => "MHWP".to_owned(),
            "setting" => "adult_community".to_owned(),
            _ => chance.one(&WORDS).unwrap_or_default().to_owned(),
        }
    }
}

/// Answers whoever reads a value.
struct Anything<'a> {
    pool: &'a Pool,
    chance: &'a mut Chance,
    field: &'static str,
}

impl Anything<'_> {
    fn at(&mut self, field: &'static str) -> Anything<'_> {
        Anything {
            pool: self.pool,
            chance: self.chance,
            field,
        }
    }
}

macro_rules! numbers {
    ($($method:ident => $visit:ident $type:ty,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let number = self.chance.one(&NUMBERS).unwrap_or_default();
            visitor.$visit(<$type>::try_from(number).unwrap_or_default())
        }
    )*};
}

impl<'de> Deserializer<'de> for Anything<'_> {
    type Error = Error;

    numbers! {
        deserialize_i8 => visit_i8 i8,
        deserialize_i16 => visit_i16 i16,
        deserialize_i32 => visit_i32 i32,
        deserialize_i64 => visit_i64 i64,
        deserialize_u8 => visit_u8 u8,
        deserialize_u16 => visit_u16 u16,
        deserialize_u32 => visit_u32 u32,
        deserialize_u64 => visit_u64 u64,
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.chance.of(3) {
            0 => self.deserialize_u64(visitor),
            1 => self.deserialize_bool(visitor),
            _ => self.deserialize_str(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bool(self.chance.of(2) == 0)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_f32(1.5)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_f64(1.5)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_char('a')
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let expected = (&visitor as &dyn Expected).to_string();
        let text = self.pool.text(&expected, self.field, self.chance);
        visitor.visit_string(text)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bytes(&[7; 32])
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.chance.of(2) {
            0 => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        let left = self.chance.of(4);
        let of = self.at(self.field);
        visitor.visit_seq(Several { of, left })
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        mut self,
        left: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let of = self.at(self.field);
        visitor.visit_seq(Several { of, left })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        left: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(left, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        let left = self.chance.of(4);
        let of = self.at(self.field);
        visitor.visit_map(Several { of, left })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_map(Fields { of: self, fields })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(OneOf { of: self, variants })
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
}

struct Several<'a> {
    of: Anything<'a>,
    left: usize,
}

impl Several<'_> {
    fn another(&mut self) -> Option<Anything<'_>> {
        self.left = self.left.checked_sub(1)?;
        let field = self.of.field;
        Some(self.of.at(field))
    }
}

impl<'de> SeqAccess<'de> for Several<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        self.another().map(|of| seed.deserialize(of)).transpose()
    }
}

impl<'de> MapAccess<'de> for Several<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        self.another().map(|of| seed.deserialize(of)).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let field = self.of.field;
        seed.deserialize(self.of.at(field))
    }
}

struct Fields<'a> {
    of: Anything<'a>,
    fields: &'static [&'static str],
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some(field) = self.fields.first() else {
            return Ok(None);
        };
        let name: StrDeserializer<'_, Error> = (*field).into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let Some((field, rest)) = self.fields.split_first() else {
            return Err(Error::custom("no field is left"));
        };
        self.fields = rest;
        seed.deserialize(self.of.at(field))
    }
}

struct OneOf<'a> {
    of: Anything<'a>,
    variants: &'static [&'static str],
}

impl<'de, 'a> EnumAccess<'de> for OneOf<'a> {
    type Error = Error;
    type Variant = Anything<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Anything<'a>), Error> {
        let variant = self.of.chance.one(self.variants).unwrap_or_default();
        let name: StrDeserializer<'_, Error> = variant.into_deserializer();
        Ok((seed.deserialize(name)?, self.of))
    }
}

impl<'de> VariantAccess<'de> for Anything<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, left: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_tuple(left, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_map(Fields { of: self, fields })
    }
}
