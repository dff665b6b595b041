"""Every mistake of a user is one line: where it is, what is wrong, and what is allowed."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError, model_validator

from cuealign.core.validation import StrictModel, mistakes, near, unknown, validated


class Wheel(StrictModel):
    """Part of a car."""

    size: int = Field(default=15, ge=10, description="Inches.")
    rim: Literal["steel", "alloy"] = "steel"


class Car(StrictModel):
    """One car."""

    name: str = Field(description="Name in tables.")
    seats: int = 5
    price: float | None = None
    electric: bool = False
    plate: str = Field(default="AB-12", pattern=r"^[A-Z]{2}-\d+$", description="Two letters, a hyphen and digits.")
    colours: list[str] = Field(default=[])
    wheels: list[Wheel] = Field(default=[])
    extras: dict[str, Any] = Field(default={})
    spare: Wheel | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "Car":
        if self.electric and self.price == 0:
            raise ValueError("price: an electric car is not free")
        if self.name == "two":
            raise ValueError("first.line: one\nsecond.line: two")
        return self


class Garage(StrictModel):
    """Several cars."""

    cars: dict[Annotated[str, Field(pattern=r"^[a-z]+$")], Car] = Field(default={})


CAR = {"name": "a"}


def lines(values: Any, model: type[StrictModel] = Garage, **options: Any) -> list[str]:
    with pytest.raises(ValidationError) as error:
        model.model_validate(values)
    return mistakes(error.value, model, **options)


def line(**values: Any) -> str:
    """The mistake in a car with some values."""
    (found,) = lines({"cars": {"mini": CAR | values}})
    assert found.startswith("cars.mini.")
    return found.removeprefix("cars.mini.")


# ---------------------------------------------------------------- what is wrong


def test_an_unknown_key_is_named_with_the_key_that_is_near_and_all_known_keys():
    known = "name, seats, price, electric, plate, colours, wheels, extras, spare"
    assert line(seat=4) == f"seat: unknown key, did you mean 'seats'?; known: {known}"
    assert line(zzz=4) == f"zzz: unknown key; known: {known}"
    assert line(wheels=[{}, {"sise": 3}]) == "wheels[1].sise: unknown key, did you mean 'size'?; known: size, rim"
    assert line(spare={"sise": 3}).startswith("spare.sise: unknown key, did you mean 'size'?")


def test_a_missing_key_is_named():
    assert lines({"cars": {"mini": {}}}) == ["cars.mini.name: is missing"]


WRONG_TYPES = {
    "text for a whole number": ({"seats": "four"}, "seats: must be a whole number, but is 'four'"),
    "a fraction for a whole number": ({"seats": 4.5}, "seats: must be a whole number, but is the number 4.5"),
    "text for a number": ({"price": "dear"}, "price: must be a number, but is 'dear'"),
    "text for true or false": ({"electric": "perhaps"}, "electric: must be true or false, but is 'perhaps'"),
    "text for a list": ({"colours": "red"}, "colours: must be a list, but is 'red'"),
    "a list for a mapping": ({"extras": [1]}, "extras: must be a mapping, but is [1]"),
    "text for an entry": ({"spare": "big"}, "spare: must be a mapping, but is 'big'"),
    "nothing for text": ({"name": None}, "name: must be text, but is nothing (null)"),
}


@pytest.mark.parametrize("case", WRONG_TYPES)
def test_a_value_of_the_wrong_type_is_shown_with_the_type_that_is_wanted(case):
    values, expected = WRONG_TYPES[case]
    assert line(**values) == expected


def test_a_number_for_text_asks_for_quotation_marks():
    assert line(colours=["red", 8]) == (
        "colours[1]: must be text, but is the number 8; write it in quotation marks ('8'): "
        "YAML reads text like this as a number, and 010 even as 8"
    )


def test_a_wrong_choice_is_told_the_choices_and_the_one_that_is_near():
    assert line(spare={"rim": "stel"}) == "spare.rim: is 'stel', but must be steel or alloy, did you mean 'steel'?"
    assert line(spare={"rim": 3}) == "spare.rim: is the number 3, but must be steel or alloy"


def test_a_value_beyond_a_limit_is_told_the_limit():
    assert line(spare={"size": 9}) == "spare.size: must be at least 10, but is the number 9"


def test_text_that_does_not_fit_a_pattern_is_told_the_description():
    assert line(plate="12-AB") == "plate: is '12-AB'; wanted: Two letters, a hyphen and digits."


def test_a_wrong_id_is_told_how_ids_are_written():
    (found,) = lines({"cars": {"Mini Cooper": CAR}})
    assert found.endswith("an id consists of lower-case letters, digits and single hyphens")
    assert "Mini Cooper" in found


def test_a_long_value_is_shortened():
    found = line(seats="x" * 1000)
    assert len(found) < 120
    assert found.endswith("…")


def test_a_check_of_one_entry_is_told_with_its_path():
    assert lines({"cars": {"mini": CAR | {"electric": True, "price": 0}}}) == ["cars.mini: price: an electric car is not free"]


def test_a_check_that_names_its_keys_itself_gives_its_own_lines():
    assert lines({"name": "two"}, Car) == ["first.line: one", "second.line: two"]


def test_several_mistakes_are_sorted_and_each_is_told_once():
    found = lines({"cars": {"b": {"seats": "x"}, "a": {"name": "a", "sets": 1}}})
    assert [each.split(":")[0] for each in found] == ["cars.a.sets", "cars.b.name", "cars.b.seats"]


def test_paths_begin_where_the_values_are_in_the_config():
    assert lines({"sise": 1}, Wheel, where="cars.mini.spare") == [
        "cars.mini.spare.sise: unknown key, did you mean 'size'?; known: size, rim"
    ]
    assert lines([1], Wheel, where="cars.mini.spare")[0].startswith("cars.mini.spare: must be a mapping")


def test_a_renamed_key_is_told_what_became_of_it_under_any_id():
    renamed = {"cars.colour": "is now called colours", "cars.wheels.width": "is gone"}
    values = {"cars": {"mini": CAR | {"colour": "red", "wheels": [{"width": 3}]}, "maxi": CAR | {"color": "red"}}}
    assert lines(values, renamed=renamed) == [
        "cars.maxi.color: unknown key, did you mean 'colours'?; known: name, seats, price, electric, plate, colours, wheels, extras, spare",
        "cars.mini.colour: is now called colours",
        "cars.mini.wheels[0].width: is gone",
    ]


# ---------------------------------------------------------------- null from the command line


@pytest.mark.parametrize("text", ["null", "~"])
def test_null_as_text_is_none_where_none_is_allowed(text):
    car = Car.model_validate(CAR | {"price": text, "spare": text})
    assert (car.price, car.spare) == (None, None)


@pytest.mark.parametrize("key", ["seats", "name", "colours"])
def test_null_as_text_is_refused_where_a_value_is_needed(key):
    (found,) = lines(CAR | {key: "null"}, Car)
    assert found == f"{key}: is 'null', but needs a value; leave the key out for its default"


def test_null_as_text_may_be_any_value_of_a_free_mapping():
    assert Car.model_validate(CAR | {"extras": {"radio": "null"}}).extras == {"radio": "null"}


# ---------------------------------------------------------------- entries


def test_entries_do_not_change():
    car = Car.model_validate(CAR)
    with pytest.raises(ValidationError):
        car.seats = 3


def test_an_entry_without_some_keys_does_not_depend_on_them():
    changed = Car(name="b", seats=2, price=3.0)
    assert Car(name="a", seats=4, price=3.0).without(["name", "seats"]) == changed.without(["name", "seats"])
    assert changed.without(["name", "seats"])["name"] == ""
    assert "seats" not in changed.without(["seats"])
    assert Car(name="a", price=4.0).without(["name"]) != changed.without(["name"])


def test_an_entry_without_some_keys_is_still_an_entry():
    values = Car(name="b", seats=2, spare=Wheel(size=12)).without(["name", "seats"])
    assert Car.model_validate(values) == Car(name="", spare=Wheel(size=12))


def test_an_entry_is_validated_only_once():
    car = Car(name="a")
    assert validated(Car, car) is car
    assert validated(Car, {"name": "a"}) == car
    with pytest.raises(ValidationError):
        validated(Car, {})


# ---------------------------------------------------------------- names


def test_an_unknown_name_is_told_with_the_known_ones():
    assert list(unknown("iemocap", ["iemocap", "aibo"], "dataset", "grid[0].dataset")) == []
    assert list(unknown("iemocapp", ["iemocap", "aibo"], "dataset", "grid[0].dataset")) == [
        "grid[0].dataset: unknown dataset 'iemocapp', did you mean 'iemocap'?; known: aibo, iemocap"
    ]
    assert list(unknown("x", [], "dataset", "grid")) == ["grid: unknown dataset 'x'; known: none"]


def test_only_a_similar_name_is_suggested():
    assert near("qwen2audio", ["qwen2-audio", "af3"]) == ", did you mean 'qwen2-audio'?"
    assert near("pengi", ["qwen2-audio", "af3"]) == ""


def test_a_name_that_goes_on_is_suggested():
    assert near("gender", ["gender_specific", "tender"]) == ", did you mean 'gender_specific'?"
