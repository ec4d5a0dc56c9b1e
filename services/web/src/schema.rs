//! The contract as data: methods, fields, and what the comments of the `.proto` files say of them.
//! Forms, records and their words are read from here, so that a field or an RPC that is added to the
//! contract shows up without anything written for it.

use std::collections::{BTreeMap, HashMap};

use prost_reflect::{DescriptorPool, FieldDescriptor, MessageDescriptor, MethodDescriptor};

/// What a stored path of source information starts with: messages, enums, services.
const MESSAGE: i32 = 4;
const ENUM: i32 = 5;
const SERVICE: i32 = 6;
/// And goes on with: fields of a message, values of an enum, methods of a service.
const MEMBER: i32 = 2;

/// The contract.
#[derive(Debug)]
pub(crate) struct Schema {
    methods: BTreeMap<String, MethodDescriptor>,
    comments: HashMap<String, String>,
    reads: HashMap<String, Vec<Read>>,
    acts: HashMap<String, Vec<Act>>,
}

/// A way to read something by name alone.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    /// `GetVacancy`
    pub(crate) rpc: String,
    /// The field of the request that takes the name.
    pub(crate) field: String,
}

/// A way to write about something named.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    /// `CloseVacancy`
    pub(crate) rpc: String,
    /// The field of the request that takes the name.
    pub(crate) field: String,
}

/// Why the contract cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the API description cannot be read")]
pub struct SchemaError(#[from] prost_reflect::DescriptorError);

impl Schema {
    /// Reads the contract this was built with.
    pub(crate) fn read() -> Result<Self, SchemaError> {
        let pool = DescriptorPool::decode(contract::DESCRIPTORS)?;
        let mut schema = Self {
            methods: BTreeMap::new(),
            comments: comments(&pool),
            reads: HashMap::new(),
            acts: HashMap::new(),
        };
        let methods = pool
            .services()
            .filter(|service| service.package_name() == "trellis.v1")
            .flat_map(|service| service.methods().collect::<Vec<_>>());
        for method in methods {
            schema.note(&method);
            schema.methods.insert(method.name().to_owned(), method);
        }
        // What a name alone is read by comes before what else can be asked about it.
        for reads in schema.reads.values_mut() {
            reads.sort_by_key(|read| read.field != "name");
        }
        Ok(schema)
    }

    fn note(&mut self, method: &MethodDescriptor) {
        let writes = writes(method);
        for field in method.input().fields() {
            let Some(collection) = self.collection(&field) else {
                continue;
            };
            let (rpc, field) = (method.name().to_owned(), field.name().to_owned());
            if writes {
                let acts = self.acts.entry(collection).or_default();
                acts.push(Act { rpc, field });
            } else if rpc.starts_with("Get") && !method.is_server_streaming() {
                let reads = self.reads.entry(collection).or_default();
                reads.push(Read { rpc, field });
            }
        }
    }

    /// The method called `name`.
    pub(crate) fn method(&self, name: &str) -> Option<&MethodDescriptor> {
        self.methods.get(name)
    }

    /// Every method that writes, by service and name.
    pub(crate) fn writing(&self) -> impl Iterator<Item = &MethodDescriptor> {
        self.methods.values().filter(|method| writes(method))
    }

    /// How a record of `collection` is read, and what else can be asked by its name.
    pub(crate) fn reads(&self, collection: &str) -> &[Read] {
        self.reads.get(collection).map_or(&[], Vec::as_slice)
    }

    /// What can be written about a record of `collection`.
    pub(crate) fn acts(&self, collection: &str) -> &[Act] {
        self.acts.get(collection).map_or(&[], Vec::as_slice)
    }

    /// What the contract says of the message, field, value or method of that full name.
    pub(crate) fn comment(&self, full_name: &str) -> &str {
        self.comments.get(full_name).map_or("", String::as_str)
    }

    /// The collection whose names a field takes: `vacancies` where its comment says
    /// `vacancies/{uuid}`. Lists of names are not for a single one.
    pub(crate) fn collection(&self, field: &FieldDescriptor) -> Option<String> {
        (!field.is_list())
            .then(|| collection(self.comment(field.full_name())))
            .flatten()
            .map(str::to_owned)
    }
}

/// Whether a method writes: it carries both the request's id and its date.
pub(crate) fn writes(method: &MethodDescriptor) -> bool {
    let input = method.input();
    input.get_field_by_name("request_id").is_some()
        && input.get_field_by_name("effective").is_some()
}

fn collection(comment: &str) -> Option<&str> {
    let (collection, _) = comment.trim_start_matches('`').split_once("/{uuid}")?;
    collection
        .bytes()
        .all(|byte| byte.is_ascii_alphabetic())
        .then_some(collection)
}

fn comments(pool: &DescriptorPool) -> HashMap<String, String> {
    let mut comments = HashMap::new();
    for file in pool
        .files()
        .filter(|file| file.package_name() == "trellis.v1")
    {
        let proto = file.file_descriptor_proto();
        let locations = proto
            .source_code_info
            .iter()
            .flat_map(|info| &info.location);
        for location in locations {
            let Some(comment) = &location.leading_comments else {
                continue;
            };
            let name = match location.path[..] {
                [MESSAGE, at] => nth(file.messages(), at).map(|it| it.full_name().to_owned()),
                [MESSAGE, at, MEMBER, field] => nth(file.messages(), at)
                    .and_then(|message| field_named(&message, proto, at, field)),
                [ENUM, at] => nth(file.enums(), at).map(|it| it.full_name().to_owned()),
                [ENUM, at, MEMBER, value] => nth(file.enums(), at)
                    .and_then(|it| nth(it.values(), value))
                    .map(|value| value.full_name().to_owned()),
                [SERVICE, at] => nth(file.services(), at).map(|it| it.full_name().to_owned()),
                [SERVICE, at, MEMBER, method] => nth(file.services(), at)
                    .and_then(|it| nth(it.methods(), method))
                    .map(|method| method.full_name().to_owned()),
                _ => None,
            };
            if let Some(name) = name {
                let words: Vec<&str> = comment.split_whitespace().collect();
                comments.insert(name, words.join(" "));
            }
        }
    }
    comments
}

/// Fields are told by their place in the file, while the descriptor sorts them by number.
fn field_named(
    message: &MessageDescriptor,
    proto: &prost_types::FileDescriptorProto,
    at: i32,
    field: i32,
) -> Option<String> {
    let stored = proto.message_type.get(usize::try_from(at).ok()?)?;
    let field = stored.field.get(usize::try_from(field).ok()?)?;
    Some(format!("{}.{}", message.full_name(), field.name()))
}

fn nth<T>(mut all: impl Iterator<Item = T>, at: i32) -> Option<T> {
    all.nth(usize::try_from(at).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_name_the_collection_a_field_takes() {
        let schema = Schema::read().expect("a contract");
        let method = schema.method("CloseVacancy").expect("a method");
        let field = method.input().get_field_by_name("vacancy");
        let collection = field.and_then(|field| schema.collection(&field));
        assert_eq!(collection.as_deref(), Some("vacancies"));
        let read = schema.reads("applications").first().expect("a read");
        assert_eq!(
            (read.rpc.as_str(), read.field.as_str()),
            ("GetApplication", "name")
        );
        assert!(
            schema
                .acts("applications")
                .iter()
                .any(|act| act.rpc == "SealDecision")
        );
    }

    #[test]
    fn every_field_of_every_request_is_explained() {
        let schema = Schema::read().expect("a contract");
        for method in schema.writing() {
            assert!(!schema.comment(method.full_name()).is_empty(), "{method:?}");
            for field in method.input().fields() {
                assert!(!schema.comment(field.full_name()).is_empty(), "{field:?}");
            }
        }
    }
}
