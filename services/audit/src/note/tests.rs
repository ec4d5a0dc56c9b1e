use super::*;
use crate::merkle;

fn checkpoint() -> Checkpoint {
    Checkpoint {
        origin: "trellis/tenants/one".to_owned(),
        size: 5_042,
        root: merkle::leaf(b"root"),
    }
}

fn signer(seed: u8) -> Signer {
    Signer::from_seed("trellis", &[seed; 32]).unwrap()
}

#[test]
fn a_signed_checkpoint_opens_under_its_own_key_only() {
    let note = signer(1).sign(&checkpoint());
    assert_eq!(signer(1).verifier().open(&note), Ok(checkpoint()));
    let other = signer(2).verifier();
    assert_eq!(other.open(&note), Err(NoteError::NotBy(other.id())));
    let same_key = Signer::from_seed("another", &[1; 32]).unwrap().verifier();
    assert_eq!(same_key.open(&note), Err(NoteError::NotBy(same_key.id())));
}

#[test]
fn a_changed_word_is_a_forgery_and_half_a_note_is_none() {
    let key = signer(1).verifier();
    let note = signer(1).sign(&checkpoint());
    let grown = note.replace("\n5042\n", "\n5043\n");
    assert_eq!(key.open(&grown), Err(NoteError::Forged));
    for broken in [
        "",
        checkpoint().to_string().as_str(),
        &note.replace('\u{2014}', "-"),
        &note.repeat(200),
    ] {
        assert_eq!(key.open(broken), Err(NoteError::Malformed), "{broken}");
    }
}

#[test]
fn a_note_may_carry_signatures_of_witnesses_and_lines_of_other_formats() {
    let note = signer(1).sign(&checkpoint());
    let witnessed = format!(
        "{note}\u{2014} witness {}\n",
        BASE64_STANDARD.encode([0; 72])
    );
    assert_eq!(signer(1).verifier().open(&witnessed), Ok(checkpoint()));
    let extended = format!("{}more\n", checkpoint());
    assert_eq!(extended.parse(), Ok(checkpoint()));
    let leading_nought = checkpoint().to_string().replace("5042", "05042");
    assert_eq!(
        leading_nought.parse::<Checkpoint>(),
        Err(NoteError::Malformed)
    );
}

#[test]
fn a_verifier_key_reads_as_it_is_written_and_its_id_is_its_own() {
    let key = signer(1).verifier();
    assert_eq!(key.to_string().parse(), Ok(key.clone()));
    let renamed = key.to_string().replacen("trellis", "another", 1);
    assert_eq!(renamed.parse::<VerifierKey>(), Err(NoteError::NotAKey));
    assert_eq!("trellis".parse::<VerifierKey>(), Err(NoteError::NotAKey));
    assert_eq!(
        Signer::from_seed("a b", &[1; 32]).err(),
        Some(NoteError::Name)
    );
}

/// The example of the signed-note specification, which others' code verifies too.
#[test]
fn the_specifications_own_key_and_note_are_read() {
    let key: VerifierKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
        .parse()
        .unwrap();
    let note = "If you think cryptography is the answer to your problem,\n\
                then you don't know what your problem is.\n\n\
                \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    // The signature holds; the text is no checkpoint.
    assert_eq!(key.open(note), Err(NoteError::Malformed));
    let changed = note.replace("answer", "question");
    assert_eq!(key.open(&changed), Err(NoteError::Forged));
}
