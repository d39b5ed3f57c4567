"""What the program promises when something goes wrong, and which tests prove it; docs/reliability.md is made from it.

A row a fault, a line a test: `tests` names them as pytest does, without parameters. `python docs/make_reliability.py`
makes the page again. S, R, E, B and M are the exit codes 3 (some skipped), 3 (refused), 4, 5 and 6.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Promise:
    """One kind of fault.

    Attributes:
        number: Its row, from 1.
        fault: What goes wrong.
        code: How the program ends because of it; empty where it goes on as if nothing had happened.
        promise: What happens instead of harm.
        tests: The tests that prove it, as ``tests/file.py::name``.
    """

    number: int
    fault: str
    code: str
    promise: str
    tests: tuple[str, ...]


@dataclass(frozen=True)
class ExitCode:
    """One way in which the program ends.

    Attributes:
        code: The number.
        meaning: What it says.
        tests: The tests that let the real program end so.
    """

    code: int
    meaning: str
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Figure:
    """One measurement that is too long for the suite.

    Attributes:
        result: The name of its file in benchmarks/results, without the suffix.
        what: What is done, and what must come out.
        command: How to do it again.
    """

    result: str
    what: str
    command: str


EXIT_CODES = (
    ExitCode(0, "done", ("tests/cli/test_exit_codes.py::test_what_can_be_done_ends_with_0",)),
    ExitCode(1, "a bug of ours: the only case with a traceback", ()),
    ExitCode(2, "wrong usage: an unknown task, an impossible option", (
        "tests/cli/test_exit_codes.py::test_an_error_is_one_line_and_one_json_object_with_the_promised_code",
    )),
    ExitCode(3, "input rejected. S: some items were skipped and named, the rest is done. R: all was refused before "
             "anything was written", (
        "tests/cli/test_exit_codes.py::test_what_is_done_but_for_some_items_ends_with_3",
        "tests/cli/test_exit_codes.py::test_an_error_is_one_line_and_one_json_object_with_the_promised_code",
    )),
    ExitCode(4, "E: the machine stopped us (disk, permission, device, server). What was committed is kept, and "
             "running the command again goes on", (
        "tests/cli/test_exit_codes.py::test_an_error_is_one_line_and_one_json_object_with_the_promised_code",
    )),
    ExitCode(5, "B: another process writes to the workspace; the message says which", (
        "tests/cli/test_exit_codes.py::test_an_error_is_one_line_and_one_json_object_with_the_promised_code",
    )),
    ExitCode(6, "M: a model was refused", (
        "tests/cli/test_exit_codes.py::test_an_error_is_one_line_and_one_json_object_with_the_promised_code",
    )),
    ExitCode(130, "interrupted, by Ctrl-C or by a request to end", (
        "tests/cli/test_app.py::test_an_interrupted_extraction_ends_with_130_and_the_next_one_completes",
    )),
)  # fmt: skip

PROMISES = (
    Promise(
        1,
        "a picture that is truncated, damaged or empty, or is no picture",
        "S",
        "It is decoded to its last row before anything is cut from it: a check of the header passes half a JPEG.",
        (
            "tests/data/test_images.py::test_half_a_picture_is_refused",
            "tests/data/test_images.py::test_half_a_jpeg_with_a_good_header_is_refused_only_when_decoded_fully",
            "tests/data/test_images.py::test_what_is_no_picture_is_refused",
            "tests/data/test_images.py::test_kinds_that_are_not_allowed_are_refused_however_well_they_are_made",
            "tests/data/test_picture_kinds.py::test_a_kind_that_cannot_be_read_is_named_by_its_content",
            "tests/data/test_picture_kinds.py::test_of_annotated_pictures_that_cannot_be_read_each_is_counted_once_and_the_remedy_cures",
            "tests/data/test_picture_kinds.py::test_a_folder_and_single_files_are_predicted_or_named_alike",
            "tests/data/test_images.py::test_a_picture_with_changed_bytes_is_decoded_or_refused_and_never_anything_else",
            "tests/cli/test_data_verbs.py::test_extract_names_what_it_skipped_and_ends_with_three",
            "tests/deploy/test_classifier.py::test_a_folder_is_predicted_and_bad_pictures_are_named_one_line_each",
            "tests/reliability/test_hostile_folder.py::test_each_hostile_thing_is_kept_or_named_as_is_promised_of_it",
            "tests/reliability/test_hostile_folder.py::test_no_verb_fails_on_hostile_files_and_each_ends_with_three",
            "tests/reliability/test_hostile_folder.py::test_each_hostile_picture_is_predicted_or_named_as_is_promised_of_it",
            "tests/reliability/test_fuzzing.py::test_changed_files_are_used_or_refused_as_is_promised",
        ),
    ),
    Promise(
        2,
        "a JPEG called .png, suffixes in capitals",
        "",
        "A picture's kind is recognised by its content.",
        (
            "tests/data/test_images.py::test_the_kind_is_recognised_by_content_not_by_suffix",
            "tests/data/test_picture_kinds.py::test_a_picture_is_read_whatever_its_suffix_says",
            "tests/data/test_extraction.py::test_a_jpeg_named_png_is_read_by_its_content",
            "tests/contracts/test_formats.py::test_upper_case_suffixes_are_pictures_and_annotations_too",
        ),
    ),
    Promise(
        3,
        "a picture of over 50 megapixels; a small file that unpacks into a huge one",
        "S",
        "It is refused before it is decoded, so that memory stays below 1 GB.",
        (
            "tests/data/test_images.py::test_more_than_50_megapixels_are_refused_before_anything_is_decoded",
            "tests/data/test_images.py::test_50_megapixels_are_allowed",
            "tests/data/test_picture_kinds.py::test_avif_is_read_and_too_large_a_one_refused_before_it_is_decoded",
            "tests/reliability/test_hostile_folder.py::test_memory_stays_below_one_gigabyte",
            "tests/data/test_images.py::test_one_large_picture_at_a_time_is_worked_on_and_small_ones_do_not_wait",
            "tests/data/test_images.py::test_a_bmp_packed_by_run_lengths_is_limited_further_since_one_byte_can_take_seconds",
            "tests/data/test_images.py::test_16_bit_pictures_are_brought_to_8_bits_without_wide_copies",
        ),
    ),
    Promise(
        4,
        "16 bits per channel",
        "",
        "The upper 8 bits are taken; a plain conversion would turn everything bright into white.",
        (
            "tests/data/test_images.py::test_16_bit_grey_keeps_its_upper_byte",
            "tests/data/test_images.py::test_16_bit_rgb_keeps_its_upper_byte",
            "tests/data/test_images.py::test_16_bit_grey_of_the_other_byte_order_keeps_its_upper_byte",
            "tests/data/test_images.py::test_16_bits_with_alpha_keep_their_upper_bytes_and_lie_on_black",
            "tests/data/test_images.py::test_any_16_bit_value_keeps_its_upper_byte_and_never_saturates",
        ),
    ),
    Promise(
        5,
        "palettes, transparency, CMYK, animations",
        "",
        "They become RGB: transparent areas lie on black, and of an animation the first frame counts.",
        (
            "tests/data/test_images.py::test_transparent_colours_of_a_palette_lie_on_black",
            "tests/data/test_images.py::test_transparent_areas_lie_on_black_and_half_transparent_ones_are_half_as_bright",
            "tests/data/test_images.py::test_a_colour_that_a_png_calls_transparent_lies_on_black",
            "tests/data/test_images.py::test_grey_and_black_and_white_become_rgb",
            "tests/data/test_images.py::test_cmyk_is_converted",
            "tests/data/test_images.py::test_an_animation_gives_its_first_frame",
            "tests/data/test_images.py::test_pixels_whose_range_nobody_states_are_refused",
            "tests/data/test_extraction.py::test_pictures_of_every_mode_give_crops_of_their_own_pixels",
            "tests/data/test_images.py::test_a_tall_picture_is_converted_strip_by_strip_to_the_same_pixels",
        ),
    ),
    Promise(
        6,
        "a picture that its EXIF data rotates",
        "S",
        "The size that the annotation declares says whether boxes were drawn before or after the rotation; where it "
        "does not, a picture with boxes is skipped and the remedy named. Without boxes, or where a person drew these "
        "on the labelling page, it is taken as it is stored, by extract and by predict.",
        (
            "tests/data/test_images.py::test_the_declared_size_says_whether_boxes_were_drawn_on_the_rotated_picture",
            "tests/data/test_images.py::test_a_rotated_picture_with_boxes_is_refused_where_its_declared_size_tells_nothing",
            "tests/data/test_extraction.py::test_a_rotated_picture_whose_annotation_declares_the_rotated_size_is_cut_as_it_is_seen",
            "tests/data/test_images.py::test_a_picture_that_exif_rotates_is_refused_if_it_has_boxes_and_taken_as_stored_if_not",
            "tests/data/test_extraction.py::test_a_rotated_picture_with_boxes_is_skipped_also_when_its_boxes_come_later",
            "tests/data/test_own_annotations.py::test_boxes_that_were_drawn_on_a_rotated_picture_here_are_cut_as_they_were_seen",
            "tests/deploy/test_classifier.py::test_a_picture_that_exif_rotates_is_predicted_as_it_is_extracted_from_class_folders",
        ),
    ),
    Promise(
        7,
        "an annotation that declares another size than the picture has",
        "S",
        "The picture is skipped, with both sizes.",
        (
            "tests/data/test_extraction.py::test_a_picture_of_another_size_than_its_annotation_says_is_skipped",
            "tests/reliability/test_hostile_folder.py::test_each_hostile_thing_is_kept_or_named_as_is_promised_of_it",
        ),
    ),
    Promise(
        8,
        "a box without area, or with its corners swapped",
        "S",
        "An object without area is skipped; its picture and the other objects are kept. Swapped corners are sorted, "
        "and counted in a note.",
        (
            "tests/data/test_boxes.py::test_a_box_without_area_is_refused",
            "tests/data/test_boxes.py::test_swapped_corners_are_sorted_with_a_note_that_leaves_another_one",
            "tests/data/test_extraction.py::test_a_box_whose_corners_are_swapped_is_cut_as_it_was_meant_and_counted",
            "tests/data/test_boxes.py::test_any_finite_box_is_either_inside_the_picture_or_refused",
            "tests/data/test_extraction.py::test_a_box_that_cannot_be_cut_is_reported_and_its_picture_kept",
            "tests/data/test_extraction.py::test_the_bccd_pictures_give_4886_crops_and_name_the_two_boxes_without_area",
        ),
    ),
    Promise(
        9,
        "a box that leaves its picture",
        "S",
        "Where at least half of its area is inside, or it leaves by one pixel at most, it is cut at the edge, and such "
        "boxes are counted in a note; where less is inside, the object is skipped.",
        (
            "tests/data/test_boxes.py::test_a_box_one_pixel_outside_is_clamped_and_reported",
            "tests/data/test_boxes.py::test_a_box_that_passes_the_edge_is_cut_there_if_at_least_half_of_it_is_inside_and_else_refused",
            "tests/data/test_boxes.py::test_half_of_the_area_decides_where_a_box_passes_two_edges",
            "tests/data/test_boxes.py::test_a_box_beside_the_picture_is_refused_even_if_it_touches_it",
            "tests/data/test_boxes.py::test_any_finite_box_is_either_inside_the_picture_or_refused",
            "tests/data/test_extraction.py::test_boxes_that_pass_the_edge_are_cut_there_and_counted_in_one_finding",
        ),
    ),
    Promise(
        10,
        "coordinates with fractions, NaN, 1e400, digits of other scripts, blanks",
        "S",
        "Finite decimals in ASCII digits are read and rounded to the nearest pixel, halves up; anything else skips the "
        "object.",
        (
            "tests/data/test_boxes.py::test_edges_are_rounded_to_the_nearest_pixel_halves_up",
            "tests/data/test_boxes.py::test_just_below_a_half_is_rounded_down",
            "tests/data/test_boxes.py::test_decimal_numbers_in_every_common_form_are_read",
            "tests/data/test_boxes.py::test_what_is_no_finite_decimal_in_ascii_digits_is_refused",
            "tests/data/test_boxes.py::test_any_text_is_a_finite_number_or_refused",
            "tests/contracts/test_formats.py::test_a_size_that_is_no_number_is_reported",
            "tests/contracts/test_formats.py::test_any_value_in_a_coco_table_is_read_or_reported",
        ),
    ),
    Promise(
        11,
        "missing tags; an annotation without any object",
        "S",
        "An object that lacks a tag is skipped. An empty annotation is valid: the picture is a negative. "
        "A picture without annotation is noted.",
        (
            "tests/contracts/test_formats.py::test_an_object_with_a_missing_tag_is_reported",
            "tests/contracts/test_formats.py::test_an_object_that_cannot_be_read_is_reported_and_the_others_of_its_picture_are_kept",
            "tests/contracts/test_formats.py::test_an_annotation_without_any_object_is_valid",
            "tests/contracts/test_formats.py::test_an_annotation_need_not_know_the_size_of_its_picture",
            "tests/contracts/test_formats.py::test_label_files_without_picture_are_reported_and_other_texts_of_yolo_left_alone",
            "tests/contracts/test_formats.py::test_label_files_without_picture_are_reported_also_where_they_lie_beside_the_pictures",
        ),
    ),
    Promise(
        12,
        "a byte order mark, UTF-16, GB2312, an encoding that is not the declared one",
        "S",
        "What the parser can decode is read; anything else is skipped, with the encoding's name.",
        (
            "tests/contracts/test_formats.py::test_xml_in_an_encoding_that_the_parser_knows_is_read",
            "tests/contracts/test_formats.py::test_xml_in_a_single_byte_encoding_is_read_as_declared",
            "tests/contracts/test_formats.py::test_xml_in_an_encoding_that_cannot_be_read_is_reported_with_its_name",
            "tests/contracts/test_formats.py::test_an_annotation_that_cannot_be_read_is_reported_and_the_rest_is_read",
            "tests/contracts/test_formats.py::test_any_bytes_as_an_annotation_are_read_or_reported",
            "tests/reliability/test_fuzzing.py::test_changed_files_are_used_or_refused_as_is_promised",
        ),
    ),
    Promise(
        13,
        "XML with entities or a DTD, nested without end, or larger than 10 MB",
        "S",
        "It is skipped; nothing is expanded or fetched.",
        (
            "tests/contracts/test_formats.py::test_hostile_xml_is_reported_and_never_expanded",
            "tests/contracts/test_formats.py::test_deep_nesting_that_closes_again_is_read",
            "tests/contracts/test_formats.py::test_bad_yolo_settings_are_refused_naming_the_file",
            "tests/contracts/test_formats.py::test_an_annotation_with_more_objects_than_anybody_draws_is_skipped_and_they_are_counted",
            "tests/contracts/test_formats.py::test_a_damaged_coco_file_beside_pictures_is_refused_rather_than_taken_for_class_folders",
            "tests/reliability/test_fuzzing.py::test_changed_files_are_used_or_refused_as_is_promised",
        ),
    ),
    Promise(
        14,
        "names that climb out with .., are absolute, or lead out by a link",
        "S",
        "A path that an annotation gives is ignored or must stay in its source; nothing outside the workspace and its "
        "sources is read or written.",
        (
            "tests/core/test_files.py::test_whatever_the_name_the_path_is_below_the_root_or_refused",
            "tests/core/test_files.py::test_a_name_that_leads_out_or_is_absolute_is_refused",
            "tests/core/test_files.py::test_a_link_out_of_the_root_is_refused_and_one_within_it_is_followed",
            "tests/core/test_files.py::test_a_link_to_itself_is_refused",
            "tests/contracts/test_formats.py::test_a_picture_that_is_a_link_out_of_the_source_is_not_read",
            "tests/contracts/test_formats.py::test_an_annotation_that_is_a_link_out_of_the_source_is_not_read",
            "tests/contracts/test_formats.py::test_a_coco_file_that_is_a_link_out_of_the_source_is_not_read",
            "tests/contracts/test_formats.py::test_a_linked_folder_is_not_followed_but_reported",
            "tests/contracts/test_formats.py::test_a_name_with_a_backslash_cannot_hide_a_link_out_of_the_source",
            "tests/contracts/test_formats.py::test_a_file_named_by_an_annotation_is_never_read_outside_the_source",
            "tests/contracts/test_formats.py::test_names_in_voc_are_ignored_since_the_picture_is_found_by_its_stem",
            "tests/contracts/test_formats.py::test_writing_voc_touches_only_the_file_it_is_given",
            "tests/contracts/test_formats.py::test_yolo_folders_outside_the_source_are_named_and_never_read",
            "tests/contracts/test_formats.py::test_yolo_labels_are_not_sought_outside_the_source",
            "tests/data/test_masks.py::test_a_mask_outside_the_masks_folder_is_never_read",
            "tests/data/test_workspace.py::test_a_taxonomy_may_lie_in_a_file_of_the_workspace_but_not_outside",
            "tests/data/test_workspace.py::test_a_link_where_we_write_is_refused_and_nothing_is_written_behind_it",
            "tests/cli/test_data_verbs.py::test_a_split_name_that_is_no_plain_name_is_refused_before_anything_is_stored",
            "tests/contracts/test_formats.py::test_whatever_file_an_annotation_names_only_those_of_the_source_are_read",
            "tests/reliability/test_hostile_folder.py::test_nothing_outside_the_workspace_is_touched",
            "tests/reliability/test_hostile_folder.py::test_no_system_call_of_an_extraction_writes_outside_the_workspace_or_reads_through_a_link_out",
        ),
    ),
    Promise(
        15,
        "two pictures of one name, or of names that differ in case or Unicode form alone",
        "R",
        "Both are named. In class folders, and where whole file names are stated, two suffixes are two pictures.",
        (
            "tests/contracts/test_formats.py::test_two_pictures_that_could_be_confused_are_refused_and_both_named",
            "tests/data/test_class_folders.py::test_two_pictures_of_one_stem_are_two_crops_of_their_folder",
            "tests/data/test_class_folders.py::test_two_pictures_of_one_stem_have_an_attributes_file_each",
            "tests/contracts/test_formats.py::test_two_annotations_of_one_picture_that_differ_are_refused_and_both_named",
            "tests/contracts/test_formats.py::test_a_picture_that_two_files_list_with_the_same_objects_counts_once_and_with_others_is_refused",
            "tests/data/test_extraction.py::test_two_pictures_of_one_name_are_refused_before_anything_is_written",
            "tests/data/test_source_tree.py::test_two_pictures_whose_names_differ_by_case_or_unicode_form_alone_are_refused_and_both_named",
            "tests/data/test_source_tree.py::test_pictures_whose_names_differ_by_more_are_accepted",
            "tests/reliability/test_hostile_folder.py::test_a_source_that_cannot_be_read_is_refused_in_one_line_and_no_workspace_is_made",
        ),
    ),
    Promise(
        16,
        "an object that is annotated twice",
        "S",
        "It becomes one crop, and that is reported.",
        (
            "tests/data/test_extraction.py::test_a_duplicated_object_becomes_one_crop_and_is_reported",
            "tests/data/test_extraction.py::test_boxes_of_two_labels_in_one_place_are_two_crops",
            "tests/data/test_extraction.py::test_read_is_kept_and_skipped_whatever_is_wrong_with_a_folder",
            "tests/data/test_examination.py::test_however_often_an_object_comes_it_is_one_crop_and_each_repetition_is_reported",
        ),
    ),
    Promise(
        17,
        "a label that the taxonomy does not know",
        "S",
        "The object is skipped, with the nearest known label.",
        (
            "tests/data/test_extraction.py::test_an_unknown_label_is_named_with_the_nearest_known_one",
            "tests/data/test_extraction.py::test_an_unknown_context_is_named_with_the_nearest_known_one",
            "tests/taxonomy/test_labels.py::test_a_near_miss_is_suggested_and_a_far_one_is_not",
            "tests/cli/test_data_verbs.py::test_balance_names_labels_that_left_the_taxonomy_with_their_crops_and_ends_with_three",
            "tests/data/test_examination.py::test_a_label_with_a_slip_is_left_out_with_the_nearest_label_that_there_is",
        ),
    ),
    Promise(
        18,
        "labels and paths in any script, with HTML in them, reserved or very long",
        "",
        "They are kept exactly, escaped in HTML, and become file names that are valid on every system.",
        (
            "tests/contracts/test_formats.py::test_any_printable_label_is_read_as_it_was_written",
            "tests/contracts/test_formats.py::test_voc_reads_back_exactly_what_it_wrote",
            "tests/contracts/test_formats.py::test_a_file_name_that_is_not_utf_8_is_read_and_named_in_text",
            "tests/data/test_extraction.py::test_labels_of_any_kind_go_through_to_the_catalogue",
            "tests/data/test_extraction.py::test_a_crops_file_name_is_safe_on_every_file_system",
            "tests/data/test_extraction.py::test_no_two_crops_share_a_file_name_even_where_case_does_not_count",
            "tests/taxonomy/test_loader.py::test_inferred_text_is_toml_that_holds_any_labels_in_their_order",
            "tests/report/test_report.py::test_what_people_wrote_is_never_markup",
            "tests/report/test_search.py::test_names_cannot_break_out_of_the_page",
            "tests/figures/test_data_figures.py::test_labels_with_dollars_and_braces_are_written_as_they_are",
            "tests/contracts/test_formats.py::test_a_picture_of_any_name_is_read_and_its_name_can_be_stored_and_printed",
            "tests/data/test_boxes.py::test_a_label_of_1000_characters_is_read_and_a_longer_one_refused_in_few_words",
            "tests/reliability/test_hostile_folder.py::test_no_name_of_a_file_steers_the_terminal",
        ),
    ),
    Promise(
        19,
        "a file that vanishes or cannot be read",
        "S",
        "It is skipped, with what the system said. A pipe is not waited for; a source that is gone is refused.",
        (
            "tests/data/test_extraction.py::test_a_picture_that_vanishes_after_the_listing_is_skipped",
            "tests/data/test_extraction.py::test_a_pipe_in_place_of_a_picture_is_skipped_rather_than_waited_for",
            "tests/data/test_extraction.py::test_a_source_that_has_been_emptied_is_refused_and_the_crops_stay",
            "tests/data/test_images.py::test_a_picture_that_cannot_be_found_is_rejected_with_the_reason",
            "tests/contracts/test_formats.py::test_a_folder_that_cannot_be_read_is_refused_rather_than_passed_over",
            "tests/contracts/test_formats.py::test_a_picture_that_is_a_link_to_itself_is_reported",
            "tests/contracts/test_formats.py::test_a_file_that_vanishes_after_the_listing_is_skipped_and_named",
            "tests/contracts/test_formats.py::test_a_pipe_in_place_of_an_annotation_is_reported_rather_than_waited_for",
            "tests/contracts/test_formats.py::test_a_pipe_in_place_of_a_coco_file_is_refused_rather_than_waited_for",
            "tests/data/test_extraction.py::test_a_picture_whose_annotation_is_broken_keeps_its_crops_until_it_is_fixed",
            "tests/reliability/test_hostile_folder.py::test_files_that_may_not_be_read_are_skipped_and_named",
        ),
    ),
    Promise(
        20,
        "the same screenshot twice, or a near-duplicate",
        "",
        "It is reported, and a split keeps both in one subset.",
        (
            "tests/cli/test_data_verbs.py::test_identical_and_nearly_identical_screenshots_are_reported_and_kept_in_one_subset",
            "tests/data/test_extraction.py::test_identical_pictures_are_reported_and_both_kept",
            "tests/data/test_fingerprints.py::test_a_rescaled_slightly_darker_or_compressed_picture_is_near_its_original",
            "tests/data/test_fingerprints.py::test_different_pictures_stand_alone",
            "tests/data/test_fingerprints.py::test_groups_are_the_connected_components_named_by_their_first_picture",
            "tests/data/test_split_plan.py::test_crops_of_near_duplicate_screenshots_never_straddle_a_split",
            "tests/data/test_split_plan.py::test_near_duplicate_pictures_are_grouped_from_the_files_on",
            "tests/data/test_check.py::test_near_duplicates_in_different_subsets_are_named_together",
            "tests/data/test_groups.py::test_what_belongs_together_lies_in_one_subset_unless_a_recording_has_to_be_cut",
            "tests/data/test_check.py::test_groups_that_a_split_tears_apart_are_faults_with_the_reason_and_splitting_again_cures_them",
        ),
    ),
    Promise(
        21,
        "a faulty toonvision.toml",
        "R",
        "The message names file, line, key, the rule, what was received, and what to do.",
        (
            "tests/core/test_settings_files.py::test_a_fault_names_file_line_key_rule_and_what_was_received",
            "tests/core/test_settings_files.py::test_every_fault_has_a_line_of_its_own",
            "tests/core/test_settings_files.py::test_toml_that_overwhelms_the_parser_is_refused",
            "tests/core/test_settings_files.py::test_any_text_is_either_read_or_refused_with_the_file_named",
            "tests/data/test_workspace.py::test_bad_settings_are_refused_with_file_line_key_rule_and_what_came",
            "tests/data/test_workspace.py::test_any_settings_open_or_are_refused",
            "tests/taxonomy/test_loader.py::test_a_bad_taxonomy_is_refused_with_file_rule_and_what_came",
            "tests/taxonomy/test_loader.py::test_any_text_is_a_taxonomy_or_refused",
        ),
    ),
    Promise(
        22,
        "no crops, one class, a class with one sample, an empty subset",
        "R",
        "Nothing is trained; all classes are listed with their counts.",
        (
            "tests/data/test_trainable.py::test_what_cannot_be_trained_is_refused_with_classes_counts_and_the_way_out",
            "tests/data/test_trainable.py::test_any_counts_can_be_trained_or_are_refused_with_every_class_and_its_counts",
            "tests/data/test_split_plan.py::test_too_few_screenshots_are_refused",
            "tests/cli/test_data_verbs.py::test_a_workspace_without_crops_says_what_to_run",
            "tests/cli/test_scarce_data.py::test_what_cannot_be_learned_is_refused_by_every_verb_that_trains_before_it_writes",
        ),
    ),
    Promise(
        23,
        "a full disk, at any write",
        "E",
        "One line names the file. What was committed is kept; once there is space, the command goes on. Where only "
        "the figures beside a stored result cannot be written, that is reported, and the command has succeeded.",
        (
            "tests/data/test_catalog.py::test_a_full_disk_is_a_fault_of_the_environment_and_keeps_what_was_committed",
            "tests/core/test_files.py::test_the_old_file_stays_when_the_block_raises",
            "tests/core/test_files.py::test_a_fault_in_one_of_many_files_is_raised",
            "tests/cli/test_app.py::test_a_standard_output_that_is_full_ends_with_four_and_one_line",
            "tests/reliability/test_full_disks.py::test_a_full_disk_ends_with_4_and_names_the_file_and_what_was_done_is_kept",
            "tests/reliability/test_full_disks.py::test_a_real_disk_without_room_ends_with_4_and_with_room_the_job_is_done",
            "tests/core/test_folders.py::test_of_new_folders_nothing_stays_after_an_error_which_names_what_was_asked_for",
            "tests/cli/test_packaged.py::test_answers_about_the_longest_name_are_saved_and_those_of_an_error_leave_nothing",
            "tests/cli/test_proposing.py::test_an_export_to_a_full_disk_names_what_it_could_not_write_and_can_be_run_again",
        ),
    ),
    Promise(
        24,
        "killed while extracting, splitting, saving a model, bringing a catalogue up to date",
        "",
        "Catalogue and files agree, the earlier output is whole, and running again gives the same bytes as if nothing "
        "had happened.",
        (
            "tests/data/test_extraction.py::test_an_extraction_killed_at_any_moment_is_completed_by_the_next_with_the_same_bytes",
            "tests/data/test_catalog.py::test_what_a_killed_writer_left_half_done_is_rolled_back_by_whoever_comes_next",
            "tests/data/test_catalog.py::test_a_migration_that_fails_leaves_nothing_of_itself",
            "tests/core/test_files.py::test_a_replacement_is_complete_and_leaves_no_temporary_file",
            "tests/core/test_folders.py::test_a_kill_leaves_the_old_folder_and_the_next_call_removes_what_it_left",
            "tests/core/test_folders.py::test_killed_in_the_middle_of_the_swap_the_old_folder_is_restored_by_the_next_call",
            "tests/core/test_folders.py::test_killed_after_the_swap_the_new_folder_stays",
            "tests/training/test_loop.py::test_an_interrupted_training_goes_on_and_ends_with_the_same_weights",
            "tests/training/test_loop.py::test_a_state_that_is_damaged_or_of_another_network_is_as_good_as_none",
            "tests/training/test_repeat.py::test_what_a_killed_training_left_is_removed_by_the_next_one_and_never_a_live_one",
            "tests/training/test_record.py::test_a_run_whose_replacing_was_killed_halfway_is_put_back_when_the_workspace_is_opened",
            "tests/training/test_record.py::test_an_earlier_run_that_a_killed_replacing_left_is_removed_when_the_workspace_is_opened",
            "tests/training/test_record.py::test_while_another_process_writes_a_hidden_run_stays_hidden_and_reading_goes_on",
            "tests/deploy/test_export.py::test_an_export_that_is_stopped_leaves_the_old_one_whole",
            "tests/reliability/test_kills.py::test_killed_at_a_call_that_changes_files_nothing_done_is_lost_and_a_rerun_gives_the_same_bytes",
            "tests/reliability/test_kills.py::test_killed_at_each_rename_of_a_run_the_old_or_the_new_one_is_there",
            "tests/reliability/test_kills.py::test_killed_at_a_random_moment_with_all_its_threads_an_extraction_is_completed_by_the_next",
            "tests/data/test_rebuild.py::test_a_rebuilding_killed_at_any_moment_leaves_the_old_catalogue_or_the_new_one",
        ),
    ),
    Promise(
        25,
        "Ctrl-C, a request to end (SIGTERM), or a terminal that is closed (SIGHUP)",
        "130",
        "As when killed, with one line.",
        (
            "tests/cli/test_app.py::test_an_interrupted_extraction_ends_with_130_and_the_next_one_completes",
            "tests/training/test_parallel.py::test_who_interrupts_repeats_at_once_leaves_no_run",
            "tests/tuning/test_processes.py::test_an_interrupt_ends_all_processes_and_prints_nothing_of_them",
            "tests/cli/test_model_verbs.py::test_an_interrupted_training_ends_with_130_at_once_and_leaves_nothing_behind",
            "tests/cli/test_interrupts.py::test_an_interrupt_while_the_program_is_imported_ends_with_one_line_and_130",
            "tests/cli/test_interrupts.py::test_an_interrupt_within_a_destructor_prints_nothing_and_other_errors_do",
            "tests/cli/test_interrupts.py::test_a_signal_after_all_work_is_done_changes_nothing",
        ),
    ),
    Promise(
        26,
        "two that write at once; one that reads meanwhile",
        "B",
        "The second one learns within 5 seconds who holds the workspace. Readers never fail.",
        (
            "tests/core/test_locks.py::test_a_second_process_learns_within_5_s_who_holds_the_workspace",
            "tests/core/test_locks.py::test_the_default_patience_ends_within_5_s",
            "tests/core/test_locks.py::test_a_killed_holder_blocks_nobody",
            "tests/data/test_catalog.py::test_a_locked_catalogue_is_busy_within_5_s",
            "tests/data/test_catalog.py::test_a_reader_that_meets_a_short_write_waits_for_it",
            "tests/data/test_extraction.py::test_readers_never_fail_while_an_extraction_writes",
            "tests/core/test_folders.py::test_a_second_process_learns_who_holds_the_lock",
            "tests/deploy/test_export.py::test_a_busy_workspace_is_reported",
            "tests/cli/test_exit_codes.py::test_an_error_is_one_line_and_one_json_object_with_the_promised_code",
            "tests/reliability/test_crowd.py::test_of_many_processes_one_writes_others_learn_that_and_readers_never_fail",
            "tests/cli/test_data_verbs.py::test_a_second_writer_ends_with_5_within_5_s_and_names_the_first_and_readers_go_on",
            "tests/data/test_rebuild.py::test_nobody_else_writes_while_the_catalogue_is_rebuilt",
        ),
    ),
    Promise(
        27,
        "a catalogue that is damaged, or of a newer version; a split that breaks a rule",
        "R",
        "It is never changed, and the message says how to make it again or what to correct. An older catalogue is "
        "brought up to date once, its splits exactly.",
        (
            "tests/data/test_catalog.py::test_a_flipped_bit_is_refused_or_changes_one_value_and_the_file_is_never_changed",
            "tests/data/test_catalog.py::test_flipped_bits_of_names_and_numbers_are_refused_in_the_same_words",
            "tests/data/test_catalog.py::test_a_newer_catalogue_is_refused_unchanged",
            "tests/data/test_catalog.py::test_a_catalogue_with_other_tables_than_its_version_is_refused_unchanged",
            "tests/data/test_catalog.py::test_a_file_that_is_no_catalogue_is_refused_unchanged",
            "tests/data/test_catalog.py::test_attributes_that_nobody_can_have_stored_are_damage",
            "tests/data/test_catalog.py::test_values_that_nobody_can_have_stored_are_damage",
            "tests/data/test_catalog.py::test_a_table_and_its_index_that_disagree_are_refused",
            "tests/data/test_catalog.py::test_a_catalogue_of_each_schema_is_brought_up_to_date_and_keeps_every_row",
            "tests/data/test_old_workspaces.py::test_splits_become_files_with_the_same_subsets_once_and_with_a_message",
            "tests/data/test_catalog.py::test_a_catalogue_with_a_write_ahead_log_is_refused_before_sqlite_makes_files_beside_it",
            "tests/data/test_catalog.py::test_an_empty_catalogue_whose_texts_nobody_could_read_is_refused",
            "tests/cli/test_care_verbs.py::test_a_damaged_catalogue_is_named_with_the_command_that_makes_it_again_with_all_crops_and_splits",
            "tests/data/test_rebuild.py::test_whichever_page_of_the_catalogue_is_damaged_no_crop_loses_its_number",
            "tests/data/test_splits.py::test_a_file_that_breaks_a_rule_is_refused_with_the_line",
            "tests/data/test_splits.py::test_any_bytes_are_a_split_or_refused",
            "tests/reliability/test_fuzzing.py::test_changed_files_are_used_or_refused_as_is_promised",
        ),
    ),
    Promise(
        28,
        "a search that is killed, finds its database locked, or loses its server for a while",
        "E",
        "Trials that ended are kept, the one that died is tried again, and a server is waited for, up to 60 seconds.",
        (
            "tests/tuning/test_processes.py::test_whoever_is_killed_or_stopped_nothing_that_ended_is_lost_and_nothing_counts_twice",
            "tests/tuning/test_processes.py::test_machines_that_share_a_server_share_a_search_whatever_becomes_of_them",
            "tests/tuning/test_storage.py::test_a_server_is_waited_for_and_a_file_is_not",
            "tests/tuning/test_storage.py::test_a_server_that_does_not_answer_is_reported_in_one_line_without_its_password",
            "tests/tuning/test_storage.py::test_of_many_processes_only_one_takes_a_waiting_trial_and_only_one_fails_a_silent_one",
            "tests/tuning/test_storage.py::test_a_heartbeat_that_cannot_be_stored_is_only_missed",
            "tests/tuning/test_retries.py::test_a_trial_is_retried_three_times_and_then_given_up_and_counted",
            "tests/tuning/test_study.py::test_processes_that_die_again_and_again_end_the_search_in_one_line",
            "tests/tuning/test_storage.py::test_a_server_that_is_gone_for_good_is_waited_for_once_and_then_reported",
            "tests/tuning/test_storage.py::test_a_file_that_another_process_keeps_locked_is_waited_for_and_then_reported",
        ),
    ),
    Promise(
        29,
        "a training whose loss becomes NaN, or that learns nothing",
        "",
        "It is marked as failed, the last good weights are kept, and the summary says so.",
        (
            "tests/training/test_repeat.py::test_a_diverged_training_is_said_to_be_one_and_leaves_no_finished_run",
            "tests/training/test_repeat.py::test_a_failed_training_by_force_leaves_the_earlier_run_as_it_was",
            "tests/training/test_repeat.py::test_a_diverged_repeat_is_never_the_best_one",
            "tests/training/test_repeat.py::test_a_training_that_predicts_one_class_for_every_image_has_failed_and_says_so",
            "tests/training/test_repeat.py::test_a_repeat_that_predicts_one_class_is_never_the_best_one",
            "tests/training/test_repeat.py::test_the_saved_weights_are_those_of_the_best_epoch",
            "tests/report/test_report.py::test_warnings_name_newer_crops_and_seeds_that_diverged_or_predict_one_class",
            "tests/studies/test_contexts.py::test_a_training_that_diverged_is_in_no_mean_and_counted",
            "tests/studies/test_curve.py::test_a_training_that_diverged_is_in_no_mean_and_counted",
            "tests/tuning/test_search.py::test_a_trial_whose_loss_becomes_nan_failed_and_the_search_went_on",
            "tests/cli/test_study_verbs.py::test_contexts_trains_an_ordinary_model_where_there_is_no_run_and_goes_on_when_called_again",
            "tests/cli/test_model_verbs.py::test_a_training_that_breaks_off_keeps_its_last_good_weights_and_is_said_to_have_failed",
        ),
    ),
    Promise(
        30,
        "a model file that was made to do harm",
        "M",
        "It is refused before anything of it is deserialised; a model gives weights and nothing else.",
        (
            "tests/models/test_saving.py::test_a_hostile_file_in_place_of_the_weights_is_refused_and_nothing_in_it_is_run",
            "tests/models/test_saving.py::test_a_crafted_config_in_the_archive_is_not_looked_at",
            "tests/models/test_saving.py::test_a_card_naming_an_unknown_network_is_refused",
            "tests/models/test_saving.py::test_a_card_that_cannot_be_understood_is_refused",
            "tests/models/test_saving.py::test_a_truncated_weights_file_is_refused",
            "tests/deploy/test_refused_files.py::test_hostile_files_of_other_programs_are_refused_and_nothing_in_them_is_run",
            "tests/deploy/test_refused_files.py::test_weights_in_another_file_are_refused",
            "tests/deploy/test_refused_files.py::test_operations_of_another_domain_are_refused",
            "tests/deploy/test_refused_files.py::test_operations_that_no_export_has_are_refused",
            "tests/deploy/test_refused_files.py::test_subgraphs_functions_and_other_foreign_parts_are_refused",
            "tests/deploy/test_refused_files.py::test_too_large_files_and_too_large_maps_are_refused",
            "tests/deploy/test_refused_files.py::test_a_damaged_file_is_refused_or_still_a_model",
            "tests/models/test_saving.py::test_hostile_files_do_harm_where_they_are_trusted",
            "tests/deploy/test_refused_files.py::test_too_many_steps_are_refused",
            "tests/cli/test_model_verbs.py::test_a_hostile_model_is_refused_by_every_verb_in_one_line_and_nothing_in_it_is_run",
        ),
    ),
    Promise(
        31,
        "a model of another taxonomy, size or version",
        "M",
        "Both sides are named.",
        (
            "tests/models/test_saving.py::test_a_model_of_another_taxonomy_is_refused_naming_both",
            "tests/models/test_saving.py::test_weights_of_another_network_are_refused",
            "tests/evaluation/test_evaluate.py::test_a_run_of_another_taxonomy_is_refused",
            "tests/deploy/test_export.py::test_a_changed_crop_another_taxonomy_and_no_crops_are_refused",
            "tests/deploy/test_classifier.py::test_a_batch_of_another_size_is_refused_with_the_right_one",
            "tests/deploy/test_refused_files.py::test_other_sets_of_operations_are_refused",
            "tests/models/test_saving.py::test_a_model_of_another_version_is_refused_naming_both",
            "tests/models/test_saving.py::test_a_model_of_another_size_than_described_is_refused_naming_what_was_described",
            "tests/cli/test_model_verbs.py::test_a_model_of_another_taxonomy_is_refused_by_every_verb_naming_both",
        ),
    ),
    Promise(
        32,
        "an export that disagrees with its model",
        "M",
        "Another class for any picture, or a probability that is off by over 0.0001: no file is left.",
        (
            "tests/deploy/test_export.py::test_an_export_that_says_something_else_is_not_written_and_the_old_one_stays",
            "tests/deploy/test_export.py::test_differences_and_disagreements_are_counted",
            "tests/cli/test_deploy_verbs.py::test_an_export_that_disagrees_is_refused_with_six_and_leaves_no_file",
            "tests/cli/test_deploy_verbs.py::test_predict_does_not_use_a_stale_export_and_says_so",
        ),
    ),
    Promise(
        33,
        "no GPU, or one that was asked for and is not there",
        "E",
        "The device is printed; one that was asked for in vain ends the program.",
        (
            "tests/models/test_backend.py::test_the_device_that_computes_is_said",
            "tests/models/test_backend.py::test_a_backend_that_cannot_start_is_a_fault_of_the_environment_in_one_line",
            "tests/models/test_backend.py::test_a_device_that_is_asked_for_and_absent_is_a_fault_of_the_environment",
            "tests/models/test_backend.py::test_a_device_that_is_asked_for_and_there_is_used",
            "tests/cli/test_model_verbs.py::test_a_training_on_a_device_that_is_absent_ends_with_four_and_leaves_nothing",
        ),
    ),
    Promise(
        34,
        "a terminal without colour, none at all, 40 columns, another encoding than UTF-8",
        "",
        "It can be read: no control codes where nothing draws them, progress as lines, tables as sentences where they "
        "would not fit.",
        (
            "tests/cli/test_terminals.py::test_without_a_terminal_no_control_codes_are_sent_and_progress_is_written_in_lines",
            "tests/cli/test_terminals.py::test_a_terminal_that_can_only_print_gets_no_control_codes",
            "tests/cli/test_watch_verb.py::test_no_name_of_what_is_watched_steers_the_terminal",
            "tests/cli/test_terminals.py::test_a_terminal_without_colour_gets_none",
            "tests/cli/test_terminals.py::test_in_40_columns_no_word_is_broken",
            "tests/cli/test_terminals.py::test_in_40_columns_progress_says_how_far_it_is",
            "tests/cli/test_app.py::test_labels_that_the_terminal_cannot_show_are_written_out",
        ),
    ),
    Promise(
        35,
        "a workspace that may only be read; a path with blanks and umlauts",
        "E",
        "What only reads works; what would write ends so. Any path is as good as another.",
        (
            "tests/cli/test_paths.py::test_a_path_with_blanks_and_umlauts_is_as_good_as_any",
            "tests/data/test_catalog.py::test_a_read_only_workspace_with_blanks_and_umlauts_is_read_and_not_written_to",
            "tests/core/test_locks.py::test_a_folder_that_cannot_be_written_to_is_a_fault_of_the_environment",
            "tests/cli/test_model_verbs.py::test_the_whole_loop_works_in_a_folder_with_blanks_and_umlauts",
            "tests/cli/test_model_verbs.py::test_a_workspace_that_cannot_be_written_to_is_read_and_what_would_write_ends_with_4_before_it_begins",
            "tests/data/test_check.py::test_a_read_only_workspace_is_checked",
        ),
    ),
    Promise(
        36,
        "a page of another origin sends a change to a local page",
        "",
        "It is refused with 403, and nothing changes; the origin must be the page's own, never that of the "
        "request's host.",
        (
            "tests/web/test_security.py::test_a_page_of_another_origin_changes_nothing",
            "tests/web/test_security.py::test_an_origin_that_is_that_of_the_request_s_own_host_is_no_reason_to_trust_it",
            "tests/web/test_security.py::test_a_socket_of_another_page_is_not_opened",
            "tests/label/test_browser.py::test_a_page_of_another_origin_that_is_open_in_the_same_browser_changes_nothing",
            "tests/watch/test_page.py::test_the_page_is_served_to_nobody_but_the_browser_that_has_its_address",
        ),
    ),
    Promise(
        37,
        "a foreign host name that leads to a local page (DNS rebinding), over HTTP or WebSocket, also [::1]",
        "",
        "It is refused with 403 before anything is read; only loopback is served.",
        (
            "tests/web/test_security.py::test_a_foreign_host_is_refused_before_anything_is_read",
            "tests/web/test_server.py::test_a_real_server_answers_its_page_and_refuses_the_rest",
            "tests/web/test_server.py::test_only_loopback_is_served",
        ),
    ),
    Promise(
        38,
        "no token for a local page, a wrong one, or one of an earlier start",
        "",
        "It is refused with 403. The token stands once in the printed address, and becomes a cookie that neither "
        "scripts nor other sites get.",
        (
            "tests/web/test_security.py::test_without_the_token_of_this_start_nobody_comes_in",
            "tests/web/test_security.py::test_the_token_of_the_printed_address_becomes_a_cookie_that_scripts_and_other_sites_do_not_get",
            "tests/label/test_browser.py::test_the_address_lets_a_browser_in_and_no_script_sees_its_key",
            "tests/cli/test_watch_verb.py::test_the_first_line_is_the_address_of_the_page_whose_key_lets_in",
        ),
    ),
    Promise(
        39,
        "`..`, absolute paths and unknown ids in the address of a picture",
        "",
        "404: pictures are served by id alone.",
        (
            "tests/label/test_page.py::test_pictures_and_files_are_served_by_id_and_name_alone",
            "tests/label/test_page.py::test_whatever_is_asked_for_that_is_no_id_is_not_there",
            "tests/data/test_own_annotations.py::test_an_annotation_that_leads_out_of_its_source_or_folder_is_not_followed",
        ),
    ),
    Promise(
        40,
        "HTML or script in labels and file names that a local page shows",
        "",
        "They are text. No page has a script or a style in it, or loads anything from a network.",
        (
            "tests/label/test_browser.py::test_names_and_labels_with_html_are_text",
            "tests/label/test_page.py::test_a_file_name_is_sent_as_text_whatever_is_in_it",
            "tests/watch/test_browser.py::test_the_end_is_said_and_nothing_of_a_title_is_taken_for_html",
            "tests/web/test_security.py::test_every_answer_forbids_foreign_and_inline_content",
            "tests/label/test_page.py::test_no_page_has_a_script_a_style_or_an_address_in_it",
        ),
    ),
    Promise(
        41,
        "the same screenshot labelled in two tabs, or changed by another program",
        "",
        "The second one gets a message and sees what is there now; its change is offered again, and nothing is lost. A "
        "second process is refused.",
        (
            "tests/label/test_browser.py::test_two_tabs_cannot_overwrite_each_other_and_nothing_is_lost",
            "tests/label/test_page.py::test_a_second_tab_that_saves_is_told_and_loses_nothing",
            "tests/label/test_browser.py::test_a_picture_that_is_replaced_is_shown_before_a_change_is_made_on_it",
            "tests/label/test_browser.py::test_a_change_of_a_damaged_annotation_is_kept_until_its_file_was_moved_away_as_is_said",
            "tests/label/test_session.py::test_an_annotation_that_another_program_changes_meanwhile_is_a_conflict_too",
            "tests/label/test_session.py::test_a_second_process_that_would_label_the_same_workspace_is_refused",
        ),
    ),
    Promise(
        42,
        "killed while a decision about a screenshot is saved",
        "",
        "The annotation is the old one or the new one, whole; what was acknowledged is there; the log goes on.",
        (
            "tests/reliability/test_review_kills.py::test_killed_at_every_write_of_a_review_what_was_acknowledged_is_there_whole",
            "tests/label/test_session.py::test_the_log_has_a_line_for_each_decision_and_tolerates_half_a_one",
        ),
    ),
    Promise(
        43,
        "the server of a local page ends while the page is open",
        "",
        "The page says so, keeps what is decided on it, and saves that when the server is back.",
        (
            "tests/label/test_browser.py::test_while_the_server_is_away_edits_are_kept_and_saved_when_it_is_back",
            "tests/label/test_browser.py::test_what_several_tabs_decided_while_the_server_was_away_is_saved_once_though_all_were_closed",
        ),
    ),
    Promise(
        44,
        "the port of a local page is taken",
        "",
        "The next free one is used, and said.",
        ("tests/web/test_server.py::test_the_next_free_port_is_taken_and_said_where_the_wanted_one_is_taken",),
    ),
    Promise(
        45,
        "no display, Wayland, no permission to see the screen",
        "E",
        "Said with the remedy, before anything starts.",
        (
            "tests/capture/test_screens.py::test_a_session_without_a_screen_is_refused_before_anything_starts",
            "tests/capture/test_screens.py::test_a_screen_that_ends_while_it_is_grabbed_is_a_fault_of_the_environment",
            "tests/capture/test_screens.py::test_an_x_server_that_ends_during_a_watch_ends_it_with_a_message",
            "tests/cli/test_capture_verb.py::test_without_a_screen_nothing_is_begun",
        ),
    ),
    Promise(
        46,
        "a video that is damaged, ends early, changes its size or frame rate; a camera that goes away or is not there",
        "",
        "Said with the time; the rest is watched, what was logged stays, and watching again adds to it. A camera that "
        "is not there ends it with 4 before anything starts. Tracks go by the times of frames, whatever their rate.",
        (
            "tests/watch/test_sources.py::test_a_damaged_video_is_read_on_and_the_damage_is_said_with_its_time",
            "tests/watch/test_sources.py::test_pictures_that_cannot_be_decoded_whole_are_left_out_and_said_with_their_time",
            "tests/watch/test_sources.py::test_a_video_that_ends_early_is_said_with_the_time",
            "tests/watch/test_sources.py::test_a_video_that_changes_its_size_goes_on_and_says_when",
            "tests/watch/test_sources.py::test_a_video_whose_frame_rate_changes_keeps_the_times_of_its_frames",
            "tests/watch/test_tracking.py::test_where_all_takes_longer_by_a_factor_only_times_and_speeds_change_and_by_it_exactly",
            "tests/watch/test_sources.py::test_what_is_no_video_is_refused_with_its_name",
            "tests/watch/test_sources.py::test_a_camera_that_goes_away_ends_the_source_and_is_said_with_the_time",
            "tests/watch/test_sources.py::test_a_camera_that_is_not_there_and_a_missing_library_are_said_with_the_remedy",
            "tests/cli/test_watch_verb.py::test_what_cannot_be_watched_is_refused_before_a_page_is_named",
            "tests/watch/test_sources.py::test_a_file_of_which_no_picture_can_be_read_is_refused_with_the_remedy",
            "tests/watch/test_sources.py::test_a_window_that_is_closed_ends_the_source_and_is_said_with_the_time",
            "tests/watch/test_sources.py::test_a_window_that_is_hidden_is_said_each_time_and_watched_again_when_it_is_back",
            "tests/watch/test_loop.py::test_the_time_of_a_live_source_ends_while_it_shows_nothing",
            "tests/watch/test_log.py::test_watching_again_adds_a_session_and_changes_nothing_of_the_one_before",
            "tests/watch/test_log.py::test_a_log_with_values_that_no_watch_writes_is_damaged",
        ),
    ),
    Promise(
        47,
        "frames come faster than they are handled",
        "",
        "Live, the newest frame is looked at, and what was dropped is counted and shown. Of files none is dropped.",
        (
            "tests/watch/test_loop.py::test_of_a_live_source_the_newest_frame_wins_and_drops_are_counted",
            "tests/watch/test_loop.py::test_a_live_source_that_is_slower_than_the_loop_drops_nothing",
            "tests/watch/test_loop.py::test_of_a_file_every_frame_is_looked_at_however_slow_that_is",
        ),
    ),
    Promise(
        48,
        "the disk is full while screenshots are taken or a game is watched",
        "E",
        "What was kept is whole, and no half of a file is left.",
        (
            "tests/capture/test_keeping.py::test_a_full_disk_leaves_what_was_kept_and_no_half_file",
            "tests/watch/test_log.py::test_a_full_disk_ends_it_with_the_log_whole",
            "tests/watch/test_recording.py::test_a_video_on_a_full_disk_is_named_and_leaves_no_file",
            "tests/watch/test_log.py::test_a_kill_leaves_every_second_that_was_written",
        ),
    ),
    Promise(
        49,
        "a detector and a classifier or segmenter of different taxonomies, or of another one than the workspace's",
        "M",
        "Refused before anything is predicted, proposed or watched; both taxonomies are named.",
        (
            "tests/cli/test_two_stages.py::test_exported_files_find_and_name_without_the_workspace",
            "tests/label/test_proposing.py::test_models_of_another_taxonomy_are_refused_naming_both",
            "tests/watch/test_seeing.py::test_what_names_pixels_of_another_taxonomy_is_refused_naming_both",
            "tests/cli/test_segment_verbs.py::test_watching_refuses_a_run_of_another_taxonomy_than_the_detector_naming_both",
        ),
    ),
    Promise(
        50,
        "a worker or a node of a Ray cluster dies in the middle; its head dies; a node differs",
        "E",
        "What the dead did is done again, three times at most, then named; the file has the same bytes. Without its "
        "head the program ends so, and the same command goes on. A node without the storage, or with another version, "
        "is refused by name and does nothing. Nothing is left running.",
        (
            "tests/nodes/test_bulk.py::test_one_process_several_and_a_cluster_write_the_very_same_bytes",
            "tests/nodes/test_bulk.py::test_frames_of_videos_are_predicted_as_pictures_are_and_a_bad_video_is_one_line",
            "tests/nodes/test_bulk.py::test_a_run_that_was_stopped_goes_on_and_does_nothing_twice",
            "tests/nodes/test_bulk.py::test_pictures_over_which_workers_die_are_named_and_moving_them_away_cures",
            "tests/nodes/test_cluster.py::test_a_job_whose_worker_dies_is_done_again",
            "tests/nodes/test_cluster.py::test_a_job_that_kills_its_worker_each_time_is_given_up_and_all_others_are_done",
            "tests/nodes/test_cluster.py::test_what_a_node_did_that_dies_is_done_again_by_the_others",
            "tests/nodes/test_cluster.py::test_a_node_with_another_version_of_the_package_is_refused_by_name_and_does_nothing",
            "tests/nodes/test_cluster.py::test_a_node_without_the_storage_is_refused_by_name_and_does_nothing",
            "tests/nodes/test_cluster.py::test_where_every_node_is_refused_the_work_does_not_begin",
            "tests/nodes/test_extracting.py::test_a_cluster_extracts_the_very_same_crops_and_catalogue_as_this_machine",
            "tests/nodes/test_extracting.py::test_pictures_over_which_workers_die_are_named_and_all_others_are_extracted",
            "tests/nodes/test_extracting.py::test_what_a_node_examined_that_dies_is_examined_again_and_no_crop_differs",
            "tests/nodes/test_program.py::test_where_the_head_dies_the_program_ends_with_4_and_the_same_command_goes_on",
            "tests/nodes/test_program.py::test_a_program_that_is_stopped_leaves_nothing_running",
        ),
    ),
    Promise(
        51,
        "eight hours of watching",
        "",
        "Memory stays flat after the first minute, and the log stays within its bound: the oldest tenth makes room.",
        (
            "tests/watch/test_long_watch.py::test_memory_stays_flat_while_figures_come_and_go_and_the_log_stays_in_its_bound",
            "tests/watch/test_log.py::test_the_log_is_bounded_and_keeps_what_is_newest",
            "tests/watch/test_page.py::test_what_is_remembered_is_bounded",
        ),
    ),
    Promise(
        52,
        "proposals made again, with another model, over reviewed screenshots",
        "",
        "Boxes that a person decided about are never changed, and none is doubled.",
        (
            "tests/label/test_session.py::test_proposals_of_another_model_never_change_or_double_what_a_person_decided",
            "tests/label/test_session.py::test_whatever_is_proposed_again_changes_no_box_of_a_person_and_doubles_none",
            "tests/label/test_proposing.py::test_proposals_made_again_over_reviewed_screenshots_change_no_box_and_double_none",
            "tests/label/test_accepting.py::test_it_is_done_once_and_a_persons_decision_stays",
        ),
    ),
    Promise(
        53,
        "a remedy that the program prints",
        "",
        "Carried out literally, it cures: each one about data is printed in a test, which then does what it says and "
        "expects success.",
        (
            "tests/reliability/test_remedies.py::test_a_remedy_that_is_carried_out_cures",
            "tests/reliability/test_remedies.py::test_every_remedy_in_the_program_is_carried_out_by_a_test",
            "tests/reliability/test_remedies.py::test_a_folder_that_is_no_workspace_becomes_one_as_is_said",
            "tests/reliability/test_remedies.py::test_remedies_of_predict",
            "tests/cli/test_data_verbs.py::test_of_a_picture_on_which_nobody_can_draw_it_is_said_why_instead_of_that_its_boxes_are_missing",
            "tests/cli/test_data_verbs.py::test_a_dry_run_names_the_option_that_leaves_out_a_label_with_too_few_objects",
            "tests/data/test_setup.py::test_labels_that_differ_by_case_are_refused_with_the_options_that_join_them",
        ),
    ),
)

FIGURES = (
    Figure(
        "fuzzing",
        "30 minutes each of guided fuzzing of annotations, pictures and the catalogue: no crash, no hang.",
        "python benchmarks/reliability/fuzzing.py --minutes 30",
    ),
    Figure(
        "kill_sweep",
        "A kill at every write, fsync, rename and unlink of an extraction, then 500 at random moments: no violation. "
        "(No failure in 500 bounds the rate below 0.6 % at 95 %.)",
        "python benchmarks/reliability/kill_sweep.py FOLDER --random 500",
    ),
    Figure(
        "disk_full",
        "The same sweep with a disk that is full from that call on: no violation.",
        "python benchmarks/reliability/disk_full.py FOLDER",
    ),
    Figure(
        "concurrency",
        "8 processes, 100 operations each, on one workspace: each is done or learns that it is busy; no violation.",
        "python benchmarks/reliability/concurrency.py FOLDER",
    ),
    Figure(
        "tuning_kills",
        "A search of two processes, killed 50 times: no trial that ended is lost and none counts twice.",
        "python benchmarks/reliability/tuning_kills.py FOLDER --kills 50",
    ),
    Figure(
        "long_watch",
        "Eight hours of watching, made short by a quick source: memory grows by less than 5 % after the first "
        "minute, and the log stays within its bound.",
        "python benchmarks/long_watch.py FOLDER",
    ),
)
