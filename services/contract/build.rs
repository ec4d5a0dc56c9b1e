//! Compiles every file under `proto/`; adding a file needs no edit here.

use std::{env, error::Error, fmt::Write as _, fs, path::PathBuf};

use prost_types::FileDescriptorSet;

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from("../../proto");
    println!("cargo:rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(root.join("trellis/v1"))? {
        files.push(entry?.path());
    }
    files.sort();
    let mut compiler = protox::Compiler::new([root])?;
    compiler
        .include_source_info(true)
        .include_imports(true)
        .open_files(files)?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(
        out.join("descriptors.bin"),
        compiler.encode_file_descriptor_set(),
    )?;
    let descriptors = compiler.file_descriptor_set();
    fs::write(out.join("writes.rs"), writes(&descriptors)?)?;
    fs::write(out.join("calls.rs"), calls(&descriptors)?)?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}

/// What every writing RPC's messages have in common, read off their fields.
fn writes(descriptors: &FileDescriptorSet) -> Result<String, std::fmt::Error> {
    let mut code = String::new();
    let messages = descriptors
        .file
        .iter()
        .filter(|file| file.package() == "trellis.v1")
        .flat_map(|file| &file.message_type);
    for message in messages {
        let has = |name: &str| message.field.iter().any(|field| field.name() == name);
        let name = message.name();
        if name.ends_with("Request") && has("request_id") && has("effective") {
            writeln!(
                code,
                "impl WriteRequest for v1::{name} {{ \
                   fn request_id(&self) -> &str {{ &self.request_id }} \
                   fn effective(&self) -> &str {{ &self.effective }} \
                   fn stamp(&mut self, request_id: String, effective: String) {{ \
                     self.request_id = request_id; self.effective = effective; }} }}"
            )?;
        }
        if name.ends_with("Response") && has("receipt") {
            writeln!(
                code,
                "impl From<v1::{name}> for v1::Receipt {{ \
                   fn from(response: v1::{name}) -> Self {{ response.receipt.unwrap_or_default() }} }}"
            )?;
            if message.field.len() == 1 {
                writeln!(
                    code,
                    "impl From<v1::Receipt> for v1::{name} {{ \
                       fn from(receipt: v1::Receipt) -> Self {{ Self {{ receipt: Some(receipt) }} }} }}"
                )?;
            }
        }
    }
    Ok(code)
}

/// The path and the answer of every unary RPC, by its request: STANDARD lint gives each request
/// message to one RPC only.
fn calls(descriptors: &FileDescriptorSet) -> Result<String, std::fmt::Error> {
    let mut code = String::new();
    for file in descriptors
        .file
        .iter()
        .filter(|file| file.package() == "trellis.v1")
    {
        for service in &file.service {
            for method in &service.method {
                if method.client_streaming() || method.server_streaming() {
                    continue;
                }
                let (service, name) = (service.name(), method.name());
                let input = method.input_type().rsplit('.').next().unwrap_or_default();
                let output = method.output_type().rsplit('.').next().unwrap_or_default();
                writeln!(
                    code,
                    "impl UnaryRequest for v1::{input} {{ \
                       type Response = v1::{output}; \
                       const PATH: &'static str = \"/trellis.v1.{service}/{name}\"; }}"
                )?;
            }
        }
    }
    Ok(code)
}
