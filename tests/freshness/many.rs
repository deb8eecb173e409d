//! A workspace of many functions: cargo runs once, and only functions that changed are packaged again.

use test_support::Fixture;

use crate::witness::{Untouched, Witness, statuses};

#[test]
fn only_the_function_that_changed_is_packaged_again() {
    let names: Vec<String> = (0..24).map(|number| format!("function-{number:02}")).collect();
    let words: Vec<&str> = names.iter().map(String::as_str).collect();
    let fixture = Fixture::with_bins("many", &words);
    let witness = Witness::of(&fixture);
    let first = witness.program().run().success();
    let expected: Vec<_> = words.iter().flat_map(|name| [("Packaging", *name), ("Packaged", *name)]).collect();
    assert_eq!(statuses(&first), expected, "in the order of the plan, whatever is ready first");
    let zips: Vec<_> = first.zips().iter().map(Untouched::at).collect();

    let (second, calls) = witness.calls(&[]);
    let second = second.success();
    assert_eq!(calls, ["cargo build"], "the same as for one function");
    assert_eq!(statuses(&second), words.iter().map(|name| ("Fresh", *name)).collect::<Vec<_>>());
    assert_eq!(second.zips(), first.zips());

    fixture.write("src/bin/function-07.rs", "fn main() { println!(\"something else\"); }");
    let third = witness.program().run().success();
    let made: Vec<_> = statuses(&third).into_iter().filter(|(verb, _)| *verb != "Fresh").collect();
    assert_eq!(made, [("Packaging", "function-07"), ("Packaged", "function-07")], "{third}");
    for (index, (zip, before)) in third.zips().iter().zip(&zips).enumerate() {
        assert_eq!(Untouched::at(zip) == *before, index != 7, "{}", zip.display());
    }
}

#[test]
fn a_refused_function_does_not_stop_the_others() {
    let fixture = Fixture::workspace(&["alpha", "beta", "gamma"]);
    fixture.write("beta/key", "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    fixture.add_package(
        "beta",
        "beta",
        "[package.metadata.lambda-zip]\ninclude = [\"key\"]\nchecks = { secret = \"deny\" }\n",
    );
    for made in [true, false] {
        let run = fixture.run(&[]);
        assert_eq!(run.code, 100, "{run}");
        let of_others = |name| if made { vec![("Packaging", name), ("Packaged", name)] } else { vec![("Fresh", name)] };
        let expected =
            [of_others("alpha"), vec![("Packaging", "beta"), ("Refused", "beta")], of_others("gamma")].concat();
        assert_eq!(statuses(&run), expected, "{run}");
        assert_eq!(run.zips().len(), 2);
    }
}
