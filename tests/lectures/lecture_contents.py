"""What the five lectures contain, and the tests that show it.

test_lecture_contents.py checks that they are there. A test's id is its file below tests/, then
its name; both without "test_".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One matter of the lectures: where it is taught, what shows it, and its networks' names."""

    what: str
    lectures: tuple[int, ...]
    tests: tuple[str, ...]
    models: tuple[str, ...] = ()


CONV, WEIGHTS = "lectures/section_1_convolution", "lectures/section_1_weights"
GATES, POOLS = "lectures/section_1_gates", "lectures/section_1_pooling"
TRANSPOSED, EQUIVARIANCE = "lectures/section_1_transposed", "lectures/section_1_equivariance"
WORKED, LOSSES = "lectures/section_2_backpropagation", "lectures/section_3_losses"
SOLVERS, PENALTIES = "lectures/section_3_optimizers", "lectures/section_3_regularizers"
SNIPPETS, FITTED = "lectures/deck_snippets", "lectures/deck_training"
COUNTS, SHAPES, TRAINS = "models/models_counts", "models/models_shapes", "models/models_training"
MATRICES, DRAWN = "engine/layer_matrices", "draw/draw_models"

OPERATIONS = (
    Row(
        "gates and their roles for the gradient; the neuron",
        (5,),
        (
            f"{GATES}::the_neuron",
            f"{GATES}::the_gates_have_the_lectures_names",
            f"{GATES}::the_roles_of_the_gates",
            f"{GATES}::the_roles_hold_for_all_numbers",
            "draw/draw_circuits::neuron_of_lecture_5_shows_every_number_of_the_lecture",
            "journal/journal_records::neuron",
            "stepper/stepper_tour::typing_what_is_suggested_leads_to_the_end",
        ),
    ),
    Row(
        "convolution in one dimension, stride, padding",
        (1, 2),
        (f"{CONV}::one_dimension", f"{CONV}::the_change_with_stride_and_padding"),
    ),
    Row("convolution in two dimensions", (1, 3), (f"{CONV}::two_dimensions",)),
    Row(
        "edge detectors",
        (3,),
        (f"{CONV}::edge_detectors", "examples/edge_detectors::it_prints_the_lectures_numbers"),
    ),
    Row(
        "several input channels and kernels",
        (1, 3, 4),
        (
            f"{CONV}::channels_are_summed",
            f"{CONV}::several_kernels_give_several_channels",
            f"{CONV}::output_sizes",
            f"{WEIGHTS}::parameters_of_layers",
        ),
    ),
    Row(
        "output size, and what stays unused",
        (2, 3, 4),
        (f"{CONV}::the_formula", f"{CONV}::what_stays_unused_is_said"),
    ),
    Row(
        "dense, locally connected and convolutional layers",
        (2, 3),
        (
            f"{WEIGHTS}::dense_local_and_convolutional",
            f"{WEIGHTS}::with_equal_weights_the_three_are_one",
            f"{WEIGHTS}::a_kernel_as_large_as_the_image_is_a_dense_layer",
            f"{WEIGHTS}::a_dense_layer_on_an_image",
            "nn/layer_options::counts_of_the_lectures",
        ),
    ),
    Row(
        "true convolution; Toeplitz and banded matrices; im2col; the transposed matrix",
        (2, 3, 4, 5),
        (
            f"{CONV}::true_convolution_is_correlation_with_the_flipped_kernel",
            f"{MATRICES}::the_product_is_the_convolution",
            f"{MATRICES}::the_product_is_the_locally_connected_layer",
            f"{MATRICES}::im2col_is_the_convolution",
            f"{MATRICES}::the_transposed_matrix_is_the_transposed_convolution",
            f"{MATRICES}::padding_columns_are_lecture_5s_matrix",
            f"{WEIGHTS}::the_three_layer_net_of_lecture_4",
        ),
    ),
    Row(
        "1x1, dilated, grouped, depthwise and separable convolution; the Xception module",
        (3, 5),
        (
            f"{CONV}::one_by_one_convolution_mixes_channels_only",
            f"{CONV}::dilation",
            f"{CONV}::grouped_convolution_is_several_side_by_side",
            f"{WEIGHTS}::separable_convolution_is_two_convolutions",
            f"{WEIGHTS}::the_xception_module_mixes_channels_first",
            f"{WEIGHTS}::multiplications_of_a_whole_layer",
        ),
    ),
    Row(
        "transposed convolution",
        (1, 5),
        (
            f"{TRANSPOSED}::transposed_convolution",
            f"{TRANSPOSED}::two_channels",
            f"{TRANSPOSED}::the_stride_is_zeros_between_the_inputs",
            f"{TRANSPOSED}::same_trims_as_keras_does",
        ),
    ),
    Row(
        "pooling, overlapping and global, and where its gradient goes",
        (1, 2, 3, 4),
        (
            f"{POOLS}::max_pooling",
            f"{POOLS}::mean_and_sum_pooling",
            f"{POOLS}::overlapping_pooling",
            f"{POOLS}::global_pooling",
            f"{POOLS}::the_gradient_is_routed_to_the_winner",
            f"{POOLS}::the_gradient_of_overlapping_pools_adds_up",
        ),
    ),
    Row(
        "unpooling, upsampling, bed of nails",
        (5,),
        (f"{POOLS}::max_unpooling", f"{POOLS}::bed_of_nails_and_nearest_neighbour"),
    ),
    Row(
        "activations and softmax",
        (4, 5),
        (
            f"{GATES}::activations",
            f"{GATES}::softmax",
            f"{GATES}::maxout_is_the_largest_of_linear_pieces",
            "examples/activations_example::the_slopes",
        ),
    ),
    Row(
        "batch normalisation, dropout",
        (3, 4, 5),
        (
            f"{GATES}::batch_normalisation",
            f"{GATES}::dropout",
            f"{WEIGHTS}::of_batch_normalisations_four_numbers_two_are_trained",
            f"{WEIGHTS}::parameters_of_layers",
        ),
    ),
    Row(
        "equivariance of convolution, invariance of pooling",
        (2, 3),
        (
            f"{EQUIVARIANCE}::convolution_is_equivariant",
            f"{EQUIVARIANCE}::max_pooling_is_partly_invariant",
            f"{EQUIVARIANCE}::partly_means_not_wholly",
            f"{EQUIVARIANCE}::global_max_pooling_is_invariant",
            "examples/equivariance_example::the_figure_and_the_errors",
        ),
    ),
    Row(
        "receptive field; three small kernels for a large one",
        (3,),
        (
            f"{WEIGHTS}::three_small_kernels_see_what_a_large_one_sees",
            "nn/receptive_field::stacked_convolutions",
            "nn/receptive_field::published_fields_of_our_models",
        ),
    ),
    Row(
        "the grammar of architectures",
        (3,),
        (
            "models/models_grammar::the_line_of_the_deck",
            "models/models_grammar::the_examples_of_the_deck",
            "models/models_grammar::errors_show_the_place",
        ),
    ),
)

BACKPROPAGATION = (
    Row(
        "the worked backpropagation: forward, every gradient, the step",
        (5,),
        (
            f"{WORKED}::number",
            f"{WORKED}::every_number_is_tested",
            f"{WORKED}::by_hand",
            f"{WORKED}::the_journal_has_the_same_gradients",
            f"{WORKED}::it_draws_and_explains",
            "stepper/stepper_tour::the_decks_numbers_are_met_on_the_way",
        ),
    ),
    Row("the slides' slips beside it", (5,), (f"{WORKED}::the_exercise_compared_with_its_slips",)),
    Row(
        "the exercise: gradients of a convolution are convolutions",
        (5,),
        (f"{WORKED}::the_exercise", f"{WORKED}::the_gradients_are_convolutions"),
    ),
    Row(
        "cross-entropy of a batch",
        (5,),
        (f"{WORKED}::batch_cross_entropy", f"{WORKED}::batch_cross_entropy_as_a_loss"),
    ),
    Row(
        "gradient descent on x**2",
        (4,),
        (
            f"{SOLVERS}::gradient_descent_on_x_squared",
            "examples/gradient_descent_example::the_numbers",
        ),
    ),
)

TRAINING = (
    Row(
        "losses, weighted and mixed",
        (4, 5),
        (f"{LOSSES}::loss", "nn/losses::mixtures", "nn/losses_reference::default_loss"),
    ),
    Row(
        "penalties, and which weights they prefer",
        (4,),
        (
            f"{PENALTIES}::l2_prefers_the_even_weights_and_l1_is_indifferent",
            f"{PENALTIES}::descent_under_l2_shares_the_weights_out",
            f"{PENALTIES}::descent_under_l1_keeps_the_one_weight",
            f"{PENALTIES}::the_regularised_two_layer_net",
            "nn/regularizers::the_norms_of_two_layers",
        ),
    ),
    Row(
        "solvers",
        (2, 4),
        (
            f"{SOLVERS}::every_solver_of_the_deck_goes_down",
            f"{PENALTIES}::proximal_steps_give_zeros_where_l1_in_the_loss_gives_small_numbers",
            "nn/optimizers::twenty_steps",
            "nn/optimizers_reference::keras",
            "nn/optimizers_reference::torch",
        ),
    ),
    Row(
        "initialisation",
        (4, 5),
        (f"{LOSSES}::neurons_that_begin_alike_stay_alike", "nn/initializers::constants"),
    ),
    Row(
        "minibatches, learning rates, data to validate with",
        (4, 5),
        (
            f"{LOSSES}::the_mean_of_the_minibatches_is_the_whole",
            "examples/gradient_descent_example::the_numbers",
            "data/batches::every_example_once",
            "data/data_sets::split_parts_all_examples",
            "training/fit::validation_split_takes_the_last_part_before_shuffling",
        ),
    ),
    Row(
        "augmentation: shear, warp, rotation, translation, flip, colour",
        (3,),
        (
            "augment/augment::shear_slides_rows_over_each_other",
            "augment/augment::warp_moves_pixels_by_its_field",
            "augment/augment::half_turns_and_flips_are_exact_whatever_the_size",
            "augment/augment::translate_moves_by_whole_pixels",
            "augment/augment::colour_by_hand",
            "augment/augment::image_and_mask_move_alike",
        ),
    ),
)

EACH = (f"{COUNTS}::parameters", f"{DRAWN}::every_model_folded_by_block_is_small")
SMALL = (*EACH, f"{TRAINS}::training")
LARGE = (*EACH, f"{TRAINS}::training_large")

MODELS = (
    Row(
        "the smiley classifier, tested where none was in training",
        (1,),
        (
            *SMALL,
            "models/models_smileys::a_smiley_is_found_where_none_was_in_training",
            "examples/smiley_examples::the_convolution_finds_faces_where_none_was_and_dense_nets_do_not",
        ),
        ("smiley_classifier",),
    ),
    Row(
        "the smiley-to-ring U-Net",
        (1,),
        (
            *SMALL,
            "models/models_smileys::blurry_smileys_become_rings",
            "examples/smiley_examples::the_ring_is_ten_times_nearer_than_the_input",
        ),
        ("smiley_ring_unet",),
    ),
    Row(
        "two convolutions in Keras, and the slip in their loss",
        (2,),
        (
            *SMALL,
            f"{SNIPPETS}::lecture_2_two_convolutions",
            f"{FITTED}::lecture_2_ends_in_the_error_that_names_binary_cross_entropy",
            f"{FITTED}::lecture_2_with_its_loss_mended",
        ),
        ("two_conv",),
    ),
    Row(
        "dense net for MNIST",
        (5,),
        (*SMALL, f"{SNIPPETS}::lecture_5_mlp", f"{FITTED}::lecture_5_mlp"),
        ("mnist_mlp", "mlp_small"),
    ),
    Row(
        "convolutional nets for MNIST",
        (5,),
        (
            *SMALL,
            f"{SNIPPETS}::lecture_5_conv_net_line_by_line",
            f"{SNIPPETS}::lecture_5_mnist_convnet",
            f"{FITTED}::lecture_5_mnist_convnet",
        ),
        ("mnist_conv_net", "mnist_convnet", "mnist_cnn"),
    ),
    Row(
        "LeNet-5",
        (3, 5),
        (
            *SMALL,
            f"{SHAPES}::lenet5_as_lecture_3_draws_it",
            f"{SHAPES}::lenet5_1998_sees_the_channels_of_table_1",
            f"{DRAWN}::lenet5",
        ),
        ("lenet5", "lenet5_1998"),
    ),
    Row(
        "AlexNet",
        (3, 4, 5),
        (*LARGE, f"{SHAPES}::alexnet"),
        ("alexnet", "alexnet_grouped", "alexnet_224"),
    ),
    Row("ZFNet", (3,), (*LARGE, f"{SHAPES}::zfnet"), ("zfnet", "zfnet_wide")),
    Row(
        "VGG, all columns",
        (3, 4, 5),
        (*LARGE, f"{SHAPES}::vgg_halves_five_times"),
        ("vgg11", "vgg11_lrn", "vgg13", "vgg16_c", "vgg16", "vgg19"),
    ),
    Row(
        "GoogLeNet",
        (3, 5),
        (*LARGE, f"{SHAPES}::googlenet"),
        ("googlenet", "googlenet_auxiliary"),
    ),
    Row(
        "ResNets",
        (3, 5),
        (
            *LARGE,
            f"{SHAPES}::resnet",
            f"{COUNTS}::multiply_adds_at_224",
            "models/models_pytorch::resnet",
            "models/models_keras::as_keras_applications",
        ),
        (
            *("resnet18", "resnet34", "resnet50", "resnet101", "resnet152"),
            *("resnet50_keras", "resnet101_keras", "resnet152_keras"),
        ),
    ),
    Row("Xception", (3, 5), (*LARGE, f"{SHAPES}::xception"), ("xception",)),
    Row(
        "the paper's U-Net: valid, copy and crop",
        (3, 5),
        (
            *LARGE,
            f"{SHAPES}::unet_of_the_paper",
            f"{SHAPES}::unet_crops_the_middle",
            f"{DRAWN}::a_block_is_one_box_and_a_unet_is_a_u",
        ),
        ("unet",),
    ),
    Row(
        "the padded U-Net, on microscope images",
        (),
        (
            *LARGE,
            "nn/nn_reference::classic_unet_is_the_same_net",
            "examples/unet_training::stopped_and_resumed_is_as_never_stopped",
        ),
        ("classic_unet",),
    ),
    Row(
        "the pets U-Net, every row of its summary",
        (5,),
        (
            *LARGE,
            "models/models_pets_summary::row",
            "models/models_pets_summary::totals",
            "models/models_pets_summary::the_mended_slips",
            "models/models_keras::the_pets_unet",
            f"{SNIPPETS}::lecture_5_pets",
        ),
        ("pets_unet",),
    ),
    Row(
        "its encoder as a classifier",
        (5,),
        (*LARGE, "models/models_pets_summary::the_encoder_as_a_classifier"),
        ("encoder_classifier",),
    ),
)

KERAS = (
    Row(
        "Sequential, several inputs and outputs, shared layers",
        (2, 5),
        (
            f"{SNIPPETS}::lecture_2_imports",
            f"{SNIPPETS}::the_slides_lines_about_one_block",
            f"{SNIPPETS}::slips_of_the_slides_are_explained",
            f"{SNIPPETS}::the_lectures_modules_are_there",
            "nn/model::several_inputs_and_outputs_and_shared_layers",
        ),
    ),
    Row("summary", (5,), ("nn/model::summary", "nn/model::summary_off_a_terminal_is_plain")),
    Row(
        "compile, fit, evaluate, predict, train_on_batch",
        (2, 5),
        (
            "training/fit::fit_learns_and_says_so",
            "training/fit::fit_is_the_explicit_loop",
            "training/fit::train_on_batch_and_test_on_batch",
            "training/training_reference::fit_is_keras_s",
            f"{FITTED}::lecture_2_with_its_loss_mended",
        ),
    ),
    Row(
        "callbacks, TensorBoard",
        (5,),
        (
            "callbacks/callbacks::every_hook_in_its_order",
            "callbacks/tensorboard::tensorboard_itself_reads_them",
        ),
    ),
    Row(
        "fine-tuning from saved weights",
        (3,),
        (
            "saving/freezing::only_the_head_is_trained",
            "saving/damaged_files::loading_what_fits",
            "weights/pytorch_weights::leaving_out_the_head",
        ),
    ),
    Row(
        "masks of classes",
        (5,),
        (
            "nn/metrics::iou_and_dice_take_scores_one_hot_and_classes",
            "data/data_files::masks_keep_their_labels",
        ),
    ),
)

RESULTS = (
    Row(
        "how many images the nets for MNIST get right",
        (5,),
        (
            "examples/mnist_examples::the_lectures_targets",
            "examples/mnist_examples::the_test_images_choose_nothing",
        ),
    ),
    Row(
        "nuclei: the U-Nets, and the threshold they are compared with",
        (1, 3, 5),
        (
            "examples/unet_training::what_a_run_leaves",
            "examples/unet_scores::scores_are_pooled",
            "examples/unet_scores::the_baseline_on_the_test_images",
            "examples/pets_example::dice_on_the_test_images",
        ),
    ),
)

ROWS = (*OPERATIONS, *BACKPROPAGATION, *TRAINING, *MODELS, *KERAS, *RESULTS)
